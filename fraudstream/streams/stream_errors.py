"""The error of a stream that can't be used."""


class StreamError(Exception):
    """A stream that can't be used as things stand; the message says what is wrong and how to fix it."""
