"""Decisions in a server's process: profiles from a store, the kernel's core through JPype, the stream's model."""
