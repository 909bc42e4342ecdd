"""Readers and writers of record streams, with a package for each kind of stream."""
