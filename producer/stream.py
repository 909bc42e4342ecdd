"""``python -m producer stream``: send transactions evenly, or at the pace of their event times."""

import dataclasses
import itertools
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.enrichment import TransactionEnricher
from fraudstream.runtime.aws_errors import AWS_ERRORS
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import write_error
from fraudstream.streams.kinesis.aggregation import AggregatingWriter
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORDS, StreamWriter
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings
from producer.batch_lines import BatchLines
from producer.duplicate_options import DoubledAlias, DuplicatesOption
from producer.enriching import suspected_items
from producer.mixing import Mixture, RecordItem, mix_items
from producer.record_source import SOURCE_HELP, RecordSource, api_access
from producer.sending_statistics import Statistics
from producer.simulation import TrafficOptions, ending_at, simulated_span_ms
from producer.source_api import ApiAccess, ApiStream, check_api
from producer.source_bank import bank_items
from producer.timing import PaceOptions, Timing, future_warning, timing_of
from producer.traffic_choices import CHOICES, EdgeCasesOption, FraudTypesOption, traffic_choices
from producer.transaction_sender import MAX_AHEAD_MS, EventPace, TransactionSender, no_batch_callback

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

    from fraudstream.streams.protocols import RecordWriter

ENDLESS_START: Final = timedelta(hours=24)
"""Time from the first event time of an endless run to now."""
console = Console(soft_wrap=True)


def stream(  # noqa: PLR0913 - the options of a command line
    context: typer.Context,
    batch_size: Annotated[int, typer.Argument(min=1, max=MAX_RECORDS, help="Records per batch")] = 20,
    interval: Annotated[
        float | None, typer.Argument(min=0, help="Seconds between batches (default: 1)")
    ] = None,
    max_batches: Annotated[int | None, typer.Argument(min=1, help="Stop after N batches")] = None,
    *,
    source: Annotated[str, typer.Option(help=SOURCE_HELP)] = "bank",
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Records per second; sets the interval")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="First event time (RFC 3339); transactions are then sent at their event times"),
    ] = None,
    speedup: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Speed of event time relative to the clock, e.g. 10; transactions are then sent at their "
            "event times",
        ),
    ] = None,
    transactions: Annotated[int | None, typer.Option(min=1, help="Stop after N valid transactions")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Random seed; the same seed gives the same transactions and ids (default: 7; a new seed "
            "each time for an endless run)",
        ),
    ] = None,
    accounts: Annotated[int, typer.Option(help="Number of accounts of the simulated bank")] = 2_000,
    fraud_share: Annotated[float, typer.Option(help="Fraction of fraudulent transactions, 0-1")] = 0.05,
    fraud_type: FraudTypesOption = None,
    edge_case: EdgeCasesOption = None,
    broken: Annotated[
        int, typer.Option(min=0, help="Number of broken records to mix in, cycling through all kinds")
    ] = 0,
    duplicates: DuplicatesOption = 0,
    doubled: DoubledAlias = 0,
    labels: Annotated[bool, typer.Option(help="Send labels to the label stream too")] = True,
    joined: Annotated[
        bool, typer.Option("--joined", help="Send several transactions in one Kinesis record")
    ] = False,
    enrich: Annotated[
        bool, typer.Option("--enrich", help="Add frequency, hour and flags to each record (docs/load.md)")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print no line per batch, only the table at the end")
    ] = False,
) -> None:
    """Send transactions until the source ends, a limit is reached, or Ctrl-C.

    A finite run's event times end near now; an endless run's start 24 hours ago. Event time usually runs
    faster than the clock; batches wait when it is six hours ahead. More --accounts mean shorter waits.

    With --start or --speedup, each transaction is sent at its event time instead.

    Prints a line per batch, and an alert at once for a batch with more than 30 % fraud.
    """
    duplicates = duplicates or doubled
    settings = load_settings()
    now_ms = wall_clock_ms()
    try:
        chosen = RecordSource.named(source)
        chosen.refuse_bank_options(context, ("accounts", "fraud_share", *CHOICES))
        timing = timing_of(
            PaceOptions(interval, rate, max_batches, start, speedup), chosen, batch_size, now_ms
        )
        good = _good_count(transactions, batch_size, max_batches, broken + duplicates)
        if seed is None:
            # A restarted endless run must not send the ids of the first run with new event times.
            seed = now_ms if good is None else TrafficOptions(start_ms=0).seed
        options = TrafficOptions(
            seed=seed,
            accounts=accounts,
            fraud_share=fraud_share,
            start_ms=0,
            **traffic_choices(edge_case, fraud_type),
        )
        plan = _Plan(
            source=chosen,
            access=api_access() if chosen.kind == "api" else None,
            timing=timing,
            traffic=_traffic(options, good, timing, now_ms),
            mixture=Mixture(good=good, broken=broken, duplicates=duplicates),
            batch_size=batch_size,
            max_batches=max_batches,
            labels=labels,
            joined=joined,
            enrich=enrich,
            quiet=quiet,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    statistics = _send(plan, settings, stop_on_signals())
    if statistics.all_failed:
        write_error(f"{statistics.all_failed} records could not be sent; the table above has the error codes")
        raise typer.Exit(1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Validated options of the command line; ``access`` is set if the source is the API."""

    source: RecordSource
    access: ApiAccess | None
    timing: Timing
    traffic: TrafficOptions
    mixture: Mixture
    batch_size: int
    max_batches: int | None
    labels: bool
    joined: bool
    enrich: bool
    quiet: bool


def _send(plan: _Plan, settings: StreamSettings, stop: threading.Event) -> Statistics:
    """Send according to the plan, or until ``stop``; prints the statistics even if it ends in an error."""
    with stream_errors_reported(ArchiveError):
        client = kinesis_client(settings)
        _check_stream(client, settings.transactions_stream)
        labels = _label_writer(plan, client, settings)
        timing, items = _with_start_time(plan.timing, _items(plan, stop))
        items = suspected_items(items, TransactionEnricher(), is_enriched=plan.enrich)
        _warn(plan, timing, settings)
        writer: RecordWriter = StreamWriter(client, settings.transactions_stream)
        statistics = Statistics()
        sender = TransactionSender(
            mix_items(items, plan.mixture, random.Random(plan.traffic.seed), wall_clock_ms),
            AggregatingWriter(writer) if plan.joined else writer,
            labels,
            batch_size=plan.batch_size,
            # The API sends its events at the requested interval.
            interval_s=0.0 if plan.source.kind == "api" else timing.interval_s,
            max_batches=plan.max_batches,
            max_ahead_ms=MAX_AHEAD_MS if plan.source.kind == "bank" else None,
            event_pace=_event_pace(timing),
            statistics=statistics,
            on_batch=no_batch_callback if plan.quiet else BatchLines(statistics, _print_line).on_batch,
        )
        try:
            return sender.run(stop)
        finally:
            console.print(statistics.table(), soft_wrap=False)


def _print_line(line: str) -> None:
    console.print(line, markup=False, highlight=False)


def _good_count(
    transactions: int | None, batch_size: int, max_batches: int | None, others: int
) -> int | None:
    """Return the number of good transactions that the run has room for, or None if it is endless."""
    if max_batches is None:
        return transactions
    room = batch_size * max_batches - others
    if room < 1:
        msg = (
            f"{max_batches} batches of {batch_size} hold only the {others} broken and duplicate records; "
            "raise BATCH_SIZE or MAX_BATCHES"
        )
        raise typer.BadParameter(msg)
    return room if transactions is None else min(room, transactions)


def _traffic(options: TrafficOptions, good: int | None, timing: Timing, now_ms: int) -> TrafficOptions:
    """Set the start of event time: the given one, or so early that the last transaction happens about now."""
    if timing.start_ms is not None:
        return dataclasses.replace(options, start_ms=timing.start_ms)
    if good is not None:
        return ending_at(options, good, now_ms)
    return dataclasses.replace(options, start_ms=now_ms - int(ENDLESS_START / timedelta(milliseconds=1)))


def _items(plan: _Plan, stop: threading.Event) -> Iterator[RecordItem]:
    if plan.access is not None:
        return _api_items(plan.access, plan.timing.interval_s, plan.batch_size, stop)
    return bank_items(plan.traffic) if plan.source.kind == "bank" else plan.source.file_items()


def _api_items(
    access: ApiAccess, interval_s: float, batch_size: int, stop: threading.Event
) -> Iterator[RecordItem]:
    client = access.client(_sleep_with_notice)
    check_api(client, access.url)
    return ApiStream(client, access.url, stop, write_error).items(interval_s, batch_size)


def _sleep_with_notice(seconds: float) -> None:
    write_error(f"connection to the transaction API lost; reconnecting in {seconds:g} s")
    time.sleep(seconds)


def _with_start_time(timing: Timing, items: Iterator[RecordItem]) -> tuple[Timing, Iterator[RecordItem]]:
    """Start the event time of a file that sets the pace at its first transaction."""
    if timing.speedup is None or timing.start_ms is not None:
        return timing, items
    first = next(items, None)
    if first is None:
        return timing._replace(speedup=None), items
    if first.event_time_ms is None:
        msg = (
            "--speedup needs event times, but the first transaction of the file has no valid event_time; "
            "use --rate"
        )
        raise StreamError(msg)
    return timing._replace(start_ms=first.event_time_ms), itertools.chain([first], items)


def _event_pace(timing: Timing) -> EventPace | None:
    if timing.speedup is None or timing.start_ms is None:
        return None
    return EventPace(start_ms=timing.start_ms, speedup=timing.speedup)


def _warn(plan: _Plan, timing: Timing, settings: StreamSettings) -> None:
    good = plan.mixture.good
    span_ms = simulated_span_ms(plan.traffic, good) if good and plan.source.kind == "bank" else None
    tolerance_ms = settings.future_tolerance // timedelta(milliseconds=1)
    warning = future_warning(timing, wall_clock_ms(), tolerance_ms, span_ms)
    if warning is not None:
        write_error(warning)


def _check_stream(client: "KinesisClient", name: str) -> None:
    try:
        client.describe_stream_summary(StreamName=name)
    except AWS_ERRORS as error:
        raise stream_error(error, name) from error


def _label_writer(plan: _Plan, client: "KinesisClient", settings: StreamSettings) -> StreamWriter | None:
    if not plan.labels:
        return None
    reason = plan.source.reason_without_labels()
    if reason is not None:
        write_error(f"no labels are sent: {reason}")
        return None
    _check_stream(client, settings.labels_stream)
    return StreamWriter(client, settings.labels_stream)
