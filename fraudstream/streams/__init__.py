"""Readers and writers of record streams; a package for each kind of stream."""
