"""Exception for record files that can't be read or written."""


class ArchiveError(Exception):
    """A record file can't be read or written; the message names the file, the reason and the fix."""

    @classmethod
    def of_reading(cls, called: str, error: OSError) -> "ArchiveError":
        """Return the error for the file ``called`` that the operating system or its medium does not give."""
        return cls(
            f"{called} can't be read ({error}); check its permissions, and write it again if it is damaged"
        )
