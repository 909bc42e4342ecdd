"""Exceptions for a stream that can't be used."""

from fraudstream.runtime.aws_errors import DeniedError


class StreamError(Exception):
    """A stream can't be used; the message says what is wrong and how to fix it."""


class StreamDeniedError(StreamError, DeniedError):
    """AWS refuses the caller the use of a stream."""
