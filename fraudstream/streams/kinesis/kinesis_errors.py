"""Kinesis error messages, with the remedy if one is known."""

from fraudstream.runtime.aws_errors import error_code, explained, is_denied
from fraudstream.streams.stream_errors import StreamDeniedError, StreamError


def stream_error(error: Exception, stream_name: str) -> StreamError:
    """Return the error for a failed call on a stream, with a remedy if one is known."""
    if error_code(error) == "ResourceNotFoundException":
        return missing_stream(stream_name)
    msg = f"stream {stream_name!r} can't be used: {explained(error)}"
    return StreamDeniedError(msg) if is_denied(error) else StreamError(msg)


def missing_stream(stream_name: str) -> StreamError:
    """Return the error for a stream that does not exist, with the two ways to create it."""
    return StreamError(
        f"stream {stream_name!r} does not exist: create it with `python -m localstack.streams` on an "
        f"emulator, with `aws kinesis create-stream --stream-name {stream_name} --shard-count 4` on AWS"
    )
