"""Kinesis connector: streams as sources and sinks. No other module uses the options of Flink's connector."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar, Final

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment
from pyflink.version import __version__ as flink_version

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.aws_settings import EMULATOR_ACCOUNT
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.protocols import Start
from fraudstream.streams.start_positions import latest_ms
from jobs.connectors.flink_tables import Sink, sql_options, table_rows
from jobs.environment import keep_running, milliseconds, saved_state
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel, KernelOptions


@dataclass(frozen=True)
class ConnectorRelease:
    """Differences between the releases of Flink's Kinesis connector."""

    stream: str
    """The option for the stream: its name, or its ARN if ``uses_arn``."""
    uses_arn: bool
    start_position: str
    start_time: str
    """The option for the time of the start position ``AT_TIMESTAMP``."""
    records_per_read: str
    poll_interval: str
    """The option for the pause between two reads; in all releases the unit defaults to milliseconds."""
    discovery_interval: tuple[str, str] | None
    """The option for the interval of shard discovery and its value; None to keep the default."""
    has_metadata: bool
    """Whether records have their arrival time, shard id and sequence number."""
    detaches_sinks: bool
    """Whether the sinks that are not urgent are written by a thread of their own. The kernel's
    ``DetachedSink`` has been tested with release 4 alone."""
    source_tables: tuple[str, str]
    """The tables of transactions and of labels. Saved state is keyed by these names, and a release can't read
    the positions saved by another one, so each release has its own names."""


RELEASE_4: Final = ConnectorRelease(
    stream="stream",
    uses_arn=False,
    start_position="scan.stream.initpos",
    start_time="scan.stream.initpos-timestamp",
    records_per_read="scan.shard.getrecords.maxrecordcount",
    poll_interval="scan.shard.getrecords.intervalmillis",
    discovery_interval=None,
    has_metadata=True,
    detaches_sinks=True,
    source_tables=("transactions", "labels"),
)
"""flink-connector-kinesis 4.3.0-1.19, for Flink 1.20."""
RELEASE_6: Final = ConnectorRelease(
    stream="stream.arn",
    uses_arn=True,
    start_position="source.init.position",
    start_time="source.init.timestamp",
    records_per_read="source.shard.get-records.max-record-count",
    poll_interval="source.reader.empty-records-fetch-interval",
    # Shards discovered before all readers have registered wait for the next discovery, by default 10 s. The
    # interval can't be short either: a discovery that starts before the first one has ended fails the job.
    discovery_interval=("source.shard.discovery.interval", "5 s"),
    # The connector declares metadata, but a table that uses it fails (FLINK-36671).
    has_metadata=False,
    detaches_sinks=False,
    source_tables=("transactions_6", "labels_6"),
)
"""flink-connector-aws-kinesis-streams 6.0.x-2.0, for Flink 2."""


def release_for(version: str) -> ConnectorRelease:
    """Return the connector's release for a version of Flink, like 1.20.5."""
    return RELEASE_4 if version.startswith("1.") else RELEASE_6


RELEASE: Final = release_for(flink_version)
"""The connector's release for the installed Flink."""

PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""Partition in ARNs by prefix of the region, where it is not ``aws``."""

RECORDS_PER_READ: Final = 10_000
"""Most records that a GetRecords call returns."""
LATEST_MARGIN_MS: Final = 10_000
"""LATEST starts this much before the time of submission. If the clock of the submitting machine is further
ahead, Kinesis rejects the time, and the job restarts until that time has passed."""
FLUSH_MS: Final[dict[Sink, int]] = {"alerts": 50, "dead_letters": 500, "scored_transactions": 500}
"""Longest time that a record waits for others to fill a request. The connector's default of 5,000 ms would
delay each alert. The other sinks are not urgent, and fewer requests cost less."""

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Less than the 5 MiB of PutRecords, which include partition keys; the connector does not count these."""
DEAD_LETTER_BATCHES: Final = {
    "sink.batch.max-size": "50",
    "sink.requests.max-buffered": "500",
    "sink.requests.max-inflight": "2",
}
"""A dead letter can have 512 KiB. With the defaults, which suit small records, many of them would fill the
heap with buffers and requests."""
BACKLOG_BYTES: Final[dict[Sink, int]] = {
    "dead_letters": 32 * 1024 * 1024,
    "scored_transactions": 64 * 1024 * 1024,
}
"""Most that waits on the heap for a sink that holds up nothing else; a checkpoint saves what waits."""


class KinesisConnector:
    """Reads the stream of transactions and, if enabled, that of labels; writes one stream per sink."""

    known_source_tables: ClassVar[tuple[str, ...]] = (*RELEASE_4.source_tables, *RELEASE_6.source_tables)
    is_bounded: ClassVar[bool] = False

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        streams: dict[Sink, str] = {
            "dead_letters": settings.dead_letters_stream,
            "alerts": settings.alerts_stream,
            "scored_transactions": settings.scored_stream,
        }
        self._sink_streams = {sink: stream for sink, stream in streams.items() if stream != "off"}

    @classmethod
    def takes(cls, settings: JobSettings) -> bool:  # noqa: ARG003 - part of the protocol
        """Return True: every job without source files uses Kinesis."""
        return True

    @property
    def source_tables(self) -> tuple[str, ...]:
        """The table of transactions, and that of labels if they are read."""
        return RELEASE.source_tables if self.has_labels else RELEASE.source_tables[:1]

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """The sinks that have a stream."""
        return tuple(self._sink_streams)

    @property
    def has_labels(self) -> bool:
        """Whether the stream of labels is read."""
        return self._settings.label_feedback

    @property
    def kernel_options(self) -> KernelOptions:
        """Event times are checked against the arrival time; state is kept as long as its windows need it."""
        return KernelOptions(future_tolerance_ms=milliseconds(self._settings.future_tolerance))

    @property
    def flink_options(self) -> dict[str, str]:
        """Checkpoints, and an unlimited number of restarts."""
        return keep_running(self._settings)

    @property
    def jvm_variables(self) -> dict[str, str]:
        """The region, and for an emulator the CBOR switches of the source's and the sink's AWS SDKs."""
        region = {"AWS_REGION": os.environ.get("AWS_REGION", self._settings.aws_region)}
        # Emulators don't support CBOR.
        no_cbor = {"AWS_CBOR_DISABLE": "true", "CBOR_ENABLED": "false"}
        return region | no_cbor if self._settings.is_emulator else region

    def prepared(self) -> AbstractContextManager[None]:
        """Do nothing: Flink's connector checks whether the streams exist."""
        return nullcontext()

    def create_sinks(self, environment: StreamTableEnvironment) -> None:
        """Create sinks for encoded JSON; records with the same ``key`` stay in one shard and in order."""
        for sink, stream in self._sink_streams.items():
            options = sink_options(RELEASE, self._settings, sink, stream)
            environment.execute_sql(
                f"CREATE TEMPORARY TABLE {sink} (`key` STRING, payload BYTES) PARTITIONED BY (`key`) "
                f"WITH ({sql_options(options)})"
            )

    def parsed_events(
        self,
        execution: StreamExecutionEnvironment,
        environment: StreamTableEnvironment,
        kernel: Kernel,
    ) -> list[JavaStream]:
        """Return the events of the stream of transactions, then those of labels if it is read."""
        streams = (self._settings.transactions_stream, self._settings.labels_stream)
        parsed: list[JavaStream] = []
        start = start_options(
            RELEASE,
            self._settings.start_position,
            has_saved_state=saved_state(execution) is not None,
            now_ms=wall_clock_ms(),
        )
        for table, stream in zip(self.source_tables, streams, strict=False):
            options = source_options(RELEASE, self._settings, stream) | start
            environment.execute_sql(
                f"CREATE TEMPORARY TABLE {table} ({source_columns(RELEASE)}) WITH ({sql_options(options)})"
            )
            parsed.append(kernel.parse_rows(table_rows(environment, table), are_labels=bool(parsed)))
        return parsed

    def finish(self, catalogue: Catalogue, counts: Mapping[str, int]) -> None:
        """Do nothing: records that a sink has sent are already in its stream."""


def source_options(release: ConnectorRelease, settings: JobSettings, stream: str) -> dict[str, str]:
    """Return the options of a table with the raw records of ``stream``, without those of `start_options`."""
    options = _common_options(release, settings, stream) | {
        release.records_per_read: str(RECORDS_PER_READ),
        release.poll_interval: str(settings.poll_interval_ms),
        "format": "raw",
    }
    if release.discovery_interval is not None:
        name, value = release.discovery_interval
        options[name] = value
    return options


def start_options(
    release: ConnectorRelease, start: Start, *, has_saved_state: bool, now_ms: int
) -> dict[str, str]:
    """Return the options for the position of a shard that has none in saved state.

    LATEST is carried out as a time, ``now_ms`` (epoch milliseconds): the connector would take it anew at each
    restart without a checkpoint, and for each shard that had no record before the checkpoint, and skip what
    arrived in between. With saved state, such a shard is read from its oldest record: the time of the first
    start is not known. The time is given for TRIM_HORIZON too, because a saved position may refer to it.
    """
    if start == "LATEST":
        start_ms = 0 if has_saved_state else latest_ms(now_ms, margin_ms=LATEST_MARGIN_MS)
    else:
        start_ms = 0 if start == "TRIM_HORIZON" else round(start.timestamp() * 1_000)
    position = "TRIM_HORIZON" if start == "TRIM_HORIZON" else "AT_TIMESTAMP"
    return {release.start_position: position, release.start_time: format_time(start_ms)}


def source_columns(release: ConnectorRelease) -> str:
    """Return the columns of a source table in SQL; metadata that the connector can't provide is null."""
    metadata = {
        "arrival": ("TIMESTAMP_LTZ(3)", "timestamp"),
        "shard_id": ("STRING", "shard-id"),
        "sequence_number": ("STRING", "sequence-number"),
    }
    columns = ["`raw` BYTES"]
    for column, (sql_type, key) in metadata.items():
        columns.append(
            f"{column} {sql_type} METADATA FROM '{key}' VIRTUAL"
            if release.has_metadata
            else f"{column} AS CAST(NULL AS {sql_type})"
        )
    return ", ".join(columns)


def sink_options(
    release: ConnectorRelease, settings: JobSettings, table: Sink, stream: str
) -> dict[str, str]:
    """Return the options of the sink ``table`` that writes to ``stream``."""
    options = _common_options(release, settings, stream) | {
        "sink.flush-buffer.timeout": str(FLUSH_MS[table]),
        "sink.flush-buffer.size": str(MAX_REQUEST_BYTES),
        "sink.fail-on-error": "false",
        "format": "payload",
    }
    if table == "dead_letters":
        options |= DEAD_LETTER_BATCHES
    if settings.is_emulator:
        # Emulators don't support HTTP/2; the sink would wait forever.
        options["sink.http-client.protocol.version"] = "HTTP1_1"
    if table in BACKLOG_BYTES and release.detaches_sinks:
        options |= _detached(settings, table, stream, options["connector"])
    return options


def _detached(settings: JobSettings, table: Sink, stream: str, connector: str) -> dict[str, str]:
    """Return the options of the kernel's ``DetachedTableFactory``: alerts must not wait long for this sink.

    A full backlog makes the job wait, for ``sink_patience`` at most from when it became full until it has
    drained to half of its capacity. After that time, records that find no room are dropped and counted
    without a wait until it has.
    """
    return {
        "connector": "detached",
        "detached.connector": connector,
        "detached.name": f"the records of stream {stream}",
        "detached.capacity-bytes": str(BACKLOG_BYTES[table]),
        "detached.patience-ms": str(milliseconds(settings.sink_patience)),
        "detached.linger-ms": str(FLUSH_MS[table]),
        "detached.are-dead-letters": str(table == "dead_letters").lower(),
    }


def _common_options(release: ConnectorRelease, settings: JobSettings, stream: str) -> dict[str, str]:
    # AUTO is the SDK's own credential chain (environment, profile, role): the plan never contains secrets.
    options = {
        "connector": "kinesis",
        release.stream: stream_arn(settings, stream) if release.uses_arn else stream,
        "aws.region": settings.aws_region,
        "aws.credentials.provider": "AUTO",
    }
    if settings.endpoint_url is not None:
        options["aws.endpoint"] = settings.endpoint_url
    return options


def stream_arn(settings: JobSettings, stream: str) -> str:
    """Return the ARN of a stream; raises `SettingsError` if the account is not known."""
    account = settings.aws_account_id or (EMULATOR_ACCOUNT if settings.is_emulator else None)
    if account is None:
        msg = (
            "aws_account_id: not set, but Flink 2 identifies a stream by its ARN, which has the account; "
            "give --aws-account-id, the 12 digits of the account that owns the streams"
        )
        raise SettingsError(msg)
    region = settings.aws_region
    partition = next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:kinesis:{region}:{account}:stream/{stream}"
