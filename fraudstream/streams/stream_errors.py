"""Exception for a stream that can't be used."""


class StreamError(Exception):
    """A stream can't be used; the message says what is wrong and how to fix it."""
