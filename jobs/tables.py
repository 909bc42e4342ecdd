"""The job's ends: Kinesis streams, or files in bounded mode; the one place that names connector options."""

from pathlib import Path
from typing import Final, NamedTuple

from pyflink.common import WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSource, StreamFormat
from pyflink.table import DataTypes, Schema, StreamTableEnvironment

from fraudstream.settings import Settings
from jobs.environment import absolute_uri
from jobs.files import Sink, file_outputs, fresh_parts_folder


class ConnectorOptions(NamedTuple):
    """The names that differ between the releases of the Kinesis connector."""

    stream: str
    start_position: str
    records_per_read: str
    poll_interval: str
    has_metadata: bool


CONNECTOR_4: Final = ConnectorOptions(
    stream="stream",
    start_position="scan.stream.initpos",
    records_per_read="scan.shard.getrecords.maxrecordcount",
    poll_interval="scan.shard.getrecords.intervalmillis",
    has_metadata=True,
)
"""flink-connector-kinesis 4.3.0-1.19, for Flink 1.20."""

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


def create_ends(
    execution: StreamExecutionEnvironment, environment: StreamTableEnvironment, settings: Settings
) -> frozenset[Sink]:
    """Create the source and the sinks that the settings ask for; return the sinks."""
    if settings.source is not None:
        create_file_source(execution, environment, settings.source)
        outputs = file_outputs(settings)
        for sink, path in outputs.items():
            create_file_sink(environment, sink, fresh_parts_folder(path))
        return frozenset(outputs)
    create_kinesis_source(environment, settings)
    streams: dict[Sink, str] = {
        "dead_letters": settings.dead_letters_stream,
        "alerts": settings.alerts_stream,
        "scored_transactions": settings.scored_stream,
    }
    sinks = frozenset(sink for sink, stream in streams.items() if stream != "off")
    for sink in sinks:
        create_kinesis_sink(environment, settings, sink, streams[sink])
    return sinks


def create_kinesis_source(environment: StreamTableEnvironment, settings: Settings) -> None:
    """Create ``transactions``: raw bytes, when they arrived, and in which shard and place."""
    names = CONNECTOR_4
    options = _aws(settings) | {
        names.stream: settings.transactions_stream,
        names.start_position: settings.start_position,
        names.records_per_read: str(RECORDS_PER_READ),
        names.poll_interval: str(settings.poll_interval_ms),
        "format": "raw",
    }
    metadata = {
        "arrival": ("TIMESTAMP_LTZ(3)", "timestamp"),
        "shard_id": ("STRING", "shard-id"),
        "sequence_number": ("STRING", "sequence-number"),
    }
    columns = ["`raw` BYTES"]
    for column, (sql_type, key) in metadata.items():
        columns.append(
            f"{column} {sql_type} METADATA FROM '{key}' VIRTUAL"
            if names.has_metadata
            else f"{column} AS CAST(NULL AS {sql_type})"
        )
    columns.append("arrived AS PROCTIME()")
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE transactions ({', '.join(columns)}) WITH ({_options(options)})"
    )


def create_kinesis_sink(
    environment: StreamTableEnvironment, settings: Settings, table: Sink, stream: str
) -> None:
    """Create a sink of ready-made JSON; records with the same ``key`` stay in one shard and in order."""
    options = _aws(settings) | {
        CONNECTOR_4.stream: stream,
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
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {table} (`key` STRING, payload STRING) PARTITIONED BY (`key`) "
        f"WITH ({_options(options)})"
    )


def create_file_source(
    execution: StreamExecutionEnvironment, environment: StreamTableEnvironment, path: Path
) -> None:
    """Create ``transactions`` from a file of JSON lines, read in its order by one reader.

    A file is one split: Flink's ``filesystem`` table would cut it into blocks and deal them out.
    ISO-8859-1 gives each byte as one character and back again, so broken UTF-8 reaches the parser
    as it is.
    """
    source = FileSource.for_record_stream_format(
        StreamFormat.text_line_format("ISO-8859-1"), absolute_uri(path)
    ).build()
    lines = execution.from_source(source, WatermarkStrategy.no_watermarks(), "transactions file")
    schema = (
        Schema.new_builder()
        .column("f0", DataTypes.STRING())
        .column_by_expression("raw", "ENCODE(f0, 'ISO-8859-1')")
        .column_by_expression("arrival", "CAST(NULL AS TIMESTAMP_LTZ(3))")
        .column_by_expression("shard_id", "CAST(NULL AS STRING)")
        .column_by_expression("sequence_number", "CAST(NULL AS STRING)")
        .column_by_expression("arrived", "PROCTIME()")
        .build()
    )
    environment.create_temporary_view("transactions", environment.from_data_stream(lines, schema))


def create_file_sink(environment: StreamTableEnvironment, table: str, folder: Path) -> None:
    """Create a sink of ready-made JSON lines: part files in ``folder``."""
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {table} (`key` STRING, payload STRING) "
        f"WITH ({_options({'connector': 'filesystem', 'path': absolute_uri(folder), 'format': 'payload'})})"
    )


def _aws(settings: Settings) -> dict[str, str]:
    # AUTO is the SDK's own chain (environment, profile, role): no secret ever enters the plan.
    options = {
        "connector": "kinesis",
        "aws.region": settings.aws_region,
        "aws.credentials.provider": "AUTO",
    }
    if settings.endpoint_url is not None:
        options["aws.endpoint"] = settings.endpoint_url
    return options


def _options(options: dict[str, str]) -> str:
    return ", ".join(f"'{key}' = {_literal(value)}" for key, value in options.items())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
