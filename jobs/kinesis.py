"""The Kinesis streams of the job as tables; the one place that names the connector's options."""

from dataclasses import dataclass
from typing import Any, Final

from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment
from pyflink.util.java_utils import get_java_class
from pyflink.version import __version__ as flink_version

from fraudstream.runtime.aws_settings import EMULATOR_ACCOUNT
from fraudstream.runtime.settings_sources import SettingsError
from jobs.files import Sink
from jobs.job_settings import JobSettings


@dataclass(frozen=True)
class Connector:
    """What differs between the releases of the Kinesis connector."""

    stream: str
    """The option that says which stream: by its name, or by its ARN if that is how it goes."""
    goes_by_arn: bool
    start_position: str
    records_per_read: str
    poll_interval: str
    """The option of the pause between two reads; a number without a unit is milliseconds in all releases."""
    discovery_interval: tuple[str, str] | None
    """The option of the pause between two looks for shards and its value, if the default does not do."""
    has_metadata: bool
    """Whether records come with their arrival, shard and sequence number."""
    source_tables: tuple[str, str]
    """The tables of transactions and of labels. Saved state goes by these names, and what a connector has
    saved of how far it read is nothing to another: each has names of its own."""


CONNECTOR_4: Final = Connector(
    stream="stream",
    goes_by_arn=False,
    start_position="scan.stream.initpos",
    records_per_read="scan.shard.getrecords.maxrecordcount",
    poll_interval="scan.shard.getrecords.intervalmillis",
    discovery_interval=None,
    has_metadata=True,
    source_tables=("transactions", "labels"),
)
"""flink-connector-kinesis 4.3.0-1.19, for Flink 1.20."""
CONNECTOR_6: Final = Connector(
    stream="stream.arn",
    goes_by_arn=True,
    start_position="source.init.position",
    records_per_read="source.shard.get-records.max-record-count",
    poll_interval="source.reader.empty-records-fetch-interval",
    # The shards that are found before all readers are there wait for the next look, 10 s if nothing is said.
    # A look that comes before the first is over fails the job, so it can't be short either.
    discovery_interval=("source.shard.discovery.interval", "5 s"),
    # Declared, but a table that asks for it fails (FLINK-36671).
    has_metadata=False,
    source_tables=("transactions_6", "labels_6"),
)
"""flink-connector-aws-kinesis-streams 6.0.x-2.0, for Flink 2."""


def connector_for(version: str) -> Connector:
    """Return the connector that goes with a release of Flink, like 1.20.5."""
    return CONNECTOR_4 if version.startswith("1.") else CONNECTOR_6


CONNECTOR: Final = connector_for(flink_version)
"""The one that goes with the Flink that runs here."""

PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""The first part of an ARN by the beginning of the region, where it is not ``aws``."""

RECORDS_PER_READ: Final = 10_000
"""The most that GetRecords gives at once."""
FLUSH_MS: Final[dict[Sink, int]] = {"alerts": 50, "dead_letters": 500, "scored_transactions": 500}
"""How long a record waits for others to fill a request; the connector's default of 5,000 ms would hold
back each alert. Nobody waits for the rest, and fewer requests cost less."""

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""PutRecords takes 5 MiB, partition keys included, which the connector leaves out of its sum."""
DEAD_LETTER_BATCHES: Final = {
    "sink.batch.max-size": "50",
    "sink.requests.max-buffered": "500",
    "sink.requests.max-inflight": "2",
}
"""A dead letter may have 512 KiB: with the defaults, made for small records, a flood of them would fill
the heap with buffers and requests."""


def kinesis_rows(environment: StreamTableEnvironment, settings: JobSettings, table: str, stream: str) -> Any:  # noqa: ANN401 - PyFlink has no types
    """Return the records of a Kinesis stream as the JVM's ``DataStream<RowData>``."""
    create_kinesis_source(environment, settings, table, stream)
    rows = environment.from_path(table)._j_table  # noqa: SLF001 - PyFlink would make a Row of each
    row_data = get_java_class(get_gateway().jvm.org.apache.flink.table.data.RowData)
    data_type = rows.getResolvedSchema().toSourceRowDataType().bridgedTo(row_data)
    return environment._j_tenv.toDataStream(rows, data_type)  # noqa: SLF001 - the same


def create_kinesis_source(
    environment: StreamTableEnvironment, settings: JobSettings, table: str, stream: str
) -> None:
    """Create a table of raw bytes, when they arrived, and in which shard and place."""
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {table} ({source_columns(CONNECTOR)}) "
        f"WITH ({sql_options(source_options(CONNECTOR, settings, stream))})"
    )


def create_kinesis_sink(
    environment: StreamTableEnvironment, settings: JobSettings, table: Sink, stream: str
) -> None:
    """Create a sink of ready-made JSON; records with the same ``key`` stay in one shard and in order."""
    options = sink_options(CONNECTOR, settings, table, stream)
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {table} (`key` STRING, payload BYTES) PARTITIONED BY (`key`) "
        f"WITH ({sql_options(options)})"
    )


def source_options(connector: Connector, settings: JobSettings, stream: str) -> dict[str, str]:
    """Return the options of a table that reads the records of ``stream`` as they are."""
    options = _common_options(connector, settings, stream) | {
        connector.start_position: settings.start_position,
        connector.records_per_read: str(RECORDS_PER_READ),
        connector.poll_interval: str(settings.poll_interval_ms),
        "format": "raw",
    }
    if connector.discovery_interval is not None:
        name, value = connector.discovery_interval
        options[name] = value
    return options


def source_columns(connector: Connector) -> str:
    """Return the columns of such a table, as SQL; what the connector can't tell is null."""
    metadata = {
        "arrival": ("TIMESTAMP_LTZ(3)", "timestamp"),
        "shard_id": ("STRING", "shard-id"),
        "sequence_number": ("STRING", "sequence-number"),
    }
    columns = ["`raw` BYTES"]
    for column, (sql_type, key) in metadata.items():
        columns.append(
            f"{column} {sql_type} METADATA FROM '{key}' VIRTUAL"
            if connector.has_metadata
            else f"{column} AS CAST(NULL AS {sql_type})"
        )
    return ", ".join(columns)


def sink_options(connector: Connector, settings: JobSettings, table: Sink, stream: str) -> dict[str, str]:
    """Return the options of the sink ``table`` that writes to ``stream``."""
    options = _common_options(connector, settings, stream) | {
        "sink.flush-buffer.timeout": str(FLUSH_MS[table]),
        "sink.flush-buffer.size": str(MAX_REQUEST_BYTES),
        "sink.fail-on-error": "false",
        "format": "payload",
    }
    if table == "dead_letters":
        options |= DEAD_LETTER_BATCHES
    if settings.is_emulator:
        # Emulators do not speak HTTP/2; the sink would wait for them for ever.
        options["sink.http-client.protocol.version"] = "HTTP1_1"
    return options


def _common_options(connector: Connector, settings: JobSettings, stream: str) -> dict[str, str]:
    # AUTO is the SDK's own chain (environment, profile, role): no secret ever enters the plan.
    options = {
        "connector": "kinesis",
        connector.stream: stream_arn(settings, stream) if connector.goes_by_arn else stream,
        "aws.region": settings.aws_region,
        "aws.credentials.provider": "AUTO",
    }
    if settings.endpoint_url is not None:
        options["aws.endpoint"] = settings.endpoint_url
    return options


def stream_arn(settings: JobSettings, stream: str) -> str:
    """Return the ARN of a stream; raises `SettingsError` if nobody says whose it is."""
    account = settings.aws_account_id or (EMULATOR_ACCOUNT if settings.is_emulator else None)
    if account is None:
        msg = (
            "aws_account_id: is not set, and on Flink 2 a stream goes by its ARN, which names the account; "
            "give --aws-account-id, the 12 digits of the account that owns the streams"
        )
        raise SettingsError(msg)
    region = settings.aws_region
    partition = next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")
    return f"arn:{partition}:kinesis:{region}:{account}:stream/{stream}"


def sql_options(options: dict[str, str]) -> str:
    """Return a table's options as SQL."""
    return ", ".join(f"'{key}' = {_literal(value)}" for key, value in options.items())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
