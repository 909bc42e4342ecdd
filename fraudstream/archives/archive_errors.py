"""Exception for record files that can't be read or written."""


class ArchiveError(Exception):
    """A record file can't be read or written; the message names the file, the reason and the fix."""
