"""Command ``python -m localstack.streams``, which creates the streams of the settings on an emulator.

It is idempotent: existing streams are left unchanged. It refuses to run against AWS, where streams cost money
and belong to the deployment.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, is_transient
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.terminal import shown
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

TRANSACTIONS_SHARDS: Final = 4
SCORED_SHARDS: Final = 2
OTHER_SHARDS: Final = 1
PAUSE_S: Final = 0.2
"""Poll interval while the endpoint is not up or a stream is not active yet."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream that is ready for use, and whether it existed before."""

    name: str
    shards: int
    was_there: bool


def shard_counts(settings: StreamSettings) -> dict[str, int]:
    """Return the number of shards to create for each stream of the settings."""
    counts = {
        settings.transactions_stream: TRANSACTIONS_SHARDS,
        settings.alerts_stream: OTHER_SHARDS,
        settings.dead_letters_stream: OTHER_SHARDS,
        settings.labels_stream: OTHER_SHARDS,
    }
    if settings.scored_stream != "off":
        counts[settings.scored_stream] = SCORED_SHARDS
    if settings.decisions_stream != "off":
        counts[settings.decisions_stream] = OTHER_SHARDS
    return counts


def create_streams(client: "KinesisClient", settings: StreamSettings, *, wait_s: float) -> list[StreamState]:
    """Create missing streams and wait until every stream is active.

    Waits up to ``wait_s`` seconds in total for the endpoint and the streams. Raises `StreamError` if that is
    not enough, and if the endpoint is not an emulator.
    """
    if not settings.is_emulator:
        msg = (
            "the endpoint is not an emulator; set AWS_ENDPOINT_URL or LOCALSTACK_HOST to one; "
            "on AWS create the streams with your own tools"
        )
        raise StreamError(msg)
    deadline_s = time.monotonic() + wait_s
    _wait_for(lambda: _answers(client), deadline_s, f"{settings.endpoint_url} does not respond")
    were_there = {name: not _create(client, name, shards) for name, shards in shard_counts(settings).items()}
    return [_when_active(client, name, deadline_s, was_there=was) for name, was in were_there.items()]


def _wait_for(is_done: Callable[[], bool], deadline_s: float, complaint: str) -> None:
    while not is_done():
        if time.monotonic() >= deadline_s:
            msg = f"{complaint}; check that the emulator runs, or wait longer with --wait-seconds"
            raise StreamError(msg)
        time.sleep(PAUSE_S)


def _answers(client: "KinesisClient") -> bool:
    try:
        client.list_streams(Limit=1)
    except AWS_ERRORS as error:
        if is_transient(error):
            return False
        raise stream_error(error, "any") from error
    return True


def _create(client: "KinesisClient", name: str, shards: int) -> bool:
    """Create a stream; return False if it exists already."""
    try:
        client.create_stream(StreamName=name, ShardCount=shards)
    except AWS_ERRORS as error:
        if error_code(error) == "ResourceInUseException":
            return False
        raise stream_error(error, name) from error
    return True


def _when_active(client: "KinesisClient", name: str, deadline_s: float, *, was_there: bool) -> StreamState:
    def is_active() -> bool:
        try:
            summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        except AWS_ERRORS as error:
            if is_transient(error):
                return False
            raise stream_error(error, name) from error
        return summary["StreamStatus"] == "ACTIVE"

    _wait_for(is_active, deadline_s, f"stream {name!r} is not active")
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return StreamState(name, summary["OpenShardCount"], was_there)


def main(
    *,
    wait_seconds: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for the endpoint and the streams"),
    ] = 60.0,
) -> None:
    """Create the streams of the settings on the emulator; existing ones are left unchanged."""
    settings = load_settings()
    with stream_errors_reported():
        states = create_streams(kinesis_client(settings), settings, wait_s=wait_seconds)
    title = Text(shown(f"Streams at {settings.endpoint_url}"), style="table.title")
    table = Table("Stream", "Shards", "Status", title=title)
    for state in states:
        table.add_row(state.name, str(state.shards), "existed" if state.was_there else "created")
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
