"""Command ``python -m serving.transaction_table``: fills the transaction table from the streams."""

import time
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from fraudstream.domain.transaction import format_time
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.clock import Clock, wall_clock_ms
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.repeat_limit import RepeatLimit
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import StopSignal, stop_on_signals
from fraudstream.runtime.terminal import write_error
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.positions import Gap, Position
from fraudstream.streams.protocols import Start, StreamRecord
from fraudstream.streams.start_positions import parse_start
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_settings import StreamSettings
from serving.transaction_table.table_consumer import TableConsumer, TableSource
from serving.transaction_table.table_items import ItemKind
from serving.transaction_table.table_settings import TableConsumerSettings
from serving.transaction_table.table_writer import TransactionTableError, TransactionTableWriter

READ_DEADLINES_S: Final = {"get_records": 10.0, "get_shard_iterator": 10.0}
TABLE_TIMEOUT_S: Final = 10.0
STATUS_INTERVAL_S: Final = 60.0
SKIPPED_PER_MINUTE: Final = 20
NO_TABLE: Final = "transaction_table: set DECISION_API_TRANSACTION_TABLE, or give --table"


def main(
    *,
    table: Annotated[str | None, typer.Option(help="DynamoDB table; by default that of the settings")] = None,
    start: Annotated[
        str, typer.Option("--from", help="Start of the first run: TRIM_HORIZON, LATEST, or an RFC 3339 time")
    ] = "TRIM_HORIZON",
    idle_seconds: Annotated[
        float | None, typer.Option(min=0, help="Stop after N seconds without a new record")
    ] = None,
) -> None:
    """Fill the transaction table until Ctrl-C or SIGTERM, resuming where the last run stopped."""
    settings, options = load_settings(), _options(table)
    begin = _start(start)
    stop = stop_on_signals()
    with stream_errors_reported(TransactionTableError):
        client = bounded_client(
            lambda: aws_client("dynamodb", settings, read_timeout_s=TABLE_TIMEOUT_S), stop
        )
        outage = Outage(f"table {options.transaction_table!r}", write_error)
        writer = TransactionTableWriter(client, str(options.transaction_table), outage=outage, stop=stop)
        try:
            sources = [
                TableSource(kind, stream, _reader(settings, stream, begin, writer.positions(stream), stop))
                for kind, stream in _streams(settings).items()
            ]
            keep_ms = round(options.transaction_retention.total_seconds() * 1000)
            consumer = TableConsumer(sources, writer, keep_ms=keep_ms, on_skipped=_SkippedLines())
            _run(consumer, stop, idle_seconds)
        except StopRequestedError as error:
            write_error(f"{error}; records after the stored positions are read again by the next run")
        finally:
            writer.close()


def _run(consumer: TableConsumer, stop: StopSignal, idle_s: float | None) -> None:
    last_s = reported_s = time.monotonic()
    try:
        while not stop.is_set():
            now_s = time.monotonic()
            if consumer.step():
                last_s = time.monotonic()
            if idle_s is not None and now_s - last_s >= idle_s:
                break
            if now_s - reported_s >= STATUS_INTERVAL_S:
                reported_s = now_s
                write_error(str(consumer))
        consumer.save()
    finally:
        write_error(str(consumer))


def _options(table: str | None) -> TableConsumerSettings:
    try:
        if table is None:
            options = TableConsumerSettings.load()
        else:
            options = TableConsumerSettings.load(transaction_table=table)
    except SettingsError as error:
        write_error(str(error))
        raise typer.Exit(2) from error
    if options.transaction_table is None:
        write_error(NO_TABLE)
        raise typer.Exit(2)
    return options


def _start(text: str) -> Start:
    try:
        return parse_start(text, now_ms=wall_clock_ms())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error


def _streams(settings: StreamSettings) -> dict[ItemKind, str]:
    streams: dict[ItemKind, str] = {
        "transaction": settings.transactions_stream,
        "alert": settings.alerts_stream,
    }
    if settings.scored_stream != "off":
        streams["score"] = settings.scored_stream
    return streams


def _reader(
    settings: StreamSettings, stream: str, start: Start, positions: Mapping[str, Position], stop: StopSignal
) -> StreamReader:
    return StreamReader(
        bounded_client(lambda: kinesis_client(settings), stop, deadlines_s=READ_DEADLINES_S),
        stream,
        start=start,
        positions=positions,
        on_gap=lambda gap: write_error(_gap_line(stream, gap)),
        poll_interval_ms=settings.poll_interval_ms,
        clock=Clock(sleep=stop.wait),
        outage=Outage(f"stream {stream!r}", write_error),
    )


def _gap_line(stream: str, gap: Gap) -> str:
    after = format_time(gap.after_ms)
    return f"LOST: records of {stream} that arrived in {gap.shard_id} after {after} ({gap.reason})"


class _SkippedLines:
    """Reports skipped records, a limited number per minute; the counts have all."""

    def __init__(self) -> None:
        self._limit = RepeatLimit(SKIPPED_PER_MINUTE)

    def __call__(self, record: StreamRecord, reason: str) -> None:
        if self._limit.left_out("skipped") is not None:
            write_error(f"skipped record ({record.shard_id}, {record.sequence_number}): {reason}")


if __name__ == "__main__":
    run_command(main)
