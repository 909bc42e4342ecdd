"""Exceptions for a stream that can't be used."""

from fraudstream.runtime.aws_errors import DeniedError


class StreamError(Exception):
    """A stream can't be used; the message says what is wrong and how to fix it.

    ``may_be_written`` is True if it ended a write of which an attempt had no answer: the records of that
    attempt may be in the stream.
    """

    may_be_written = False


class StreamDeniedError(StreamError, DeniedError):
    """AWS refuses the caller the use of a stream."""
