"""The error of record files, whatever reads or writes them."""


class ArchiveError(Exception):
    """Record files that can't be read or written; the message names the file, the reason and the fix."""
