"""Decisions in a server's process: the kernel's core in a JVM, profile stores and the model."""
