"""Decisions in a server's process: stored profiles, the kernel's core through JPype, the stream's model."""
