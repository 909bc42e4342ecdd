"""The job's ends: Kinesis streams, or files in bounded mode."""

from pathlib import Path
from typing import Final

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.environment import absolute_uri
from jobs.files import Sink, file_outputs, fresh_parts_folder
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel
from jobs.kinesis import CONNECTOR, create_kinesis_sink, kinesis_rows, sql_options

Outputs = dict[Sink, list[DataStream]]
"""Rows of (key, payload) for each sink."""

SOURCE_TABLES: Final = CONNECTOR.source_tables
"""The tables that a live job can read."""
SINK_ORDER: Final[tuple[Sink, ...]] = ("dead_letters", "alerts", "scored_transactions", "features")
"""The order in which sinks are planned."""


def source_tables(settings: JobSettings) -> tuple[str, ...]:
    """Return the tables that the settings let the job read: none in bounded mode."""
    if settings.source is not None:
        return ()
    return SOURCE_TABLES if settings.label_feedback else SOURCE_TABLES[:1]


def parsed_events(
    execution: StreamExecutionEnvironment,
    environment: StreamTableEnvironment,
    settings: JobSettings,
    kernel: Kernel,
    lines: Path | None,
) -> list[JavaStream]:
    """Return the parsed events: of ``lines`` in bounded mode, else of the streams that are read."""
    if lines is not None:
        return [kernel.parse_lines(kernel.lines(execution, absolute_uri(lines)))]
    rows = kinesis_rows(environment, settings, SOURCE_TABLES[0], settings.transactions_stream)
    parsed = [kernel.parse_rows(rows)]
    if settings.label_feedback:
        labels = kinesis_rows(environment, settings, SOURCE_TABLES[1], settings.labels_stream)
        parsed.append(kernel.parse_rows(labels, are_labels=True))
    return parsed


def create_sinks(environment: StreamTableEnvironment, settings: JobSettings) -> frozenset[Sink]:
    """Create the sinks that the settings ask for; return them."""
    if settings.source is not None:
        outputs = file_outputs(settings)
        for sink, path in outputs.items():
            create_file_sink(environment, sink, fresh_parts_folder(path))
        return frozenset(outputs)
    streams: dict[Sink, str] = {
        "dead_letters": settings.dead_letters_stream,
        "alerts": settings.alerts_stream,
        "scored_transactions": settings.scored_stream,
    }
    sinks = frozenset(sink for sink, stream in streams.items() if stream != "off")
    for sink in sinks:
        create_kinesis_sink(environment, settings, sink, streams[sink])
    return sinks


def create_file_sink(environment: StreamTableEnvironment, table: Sink, folder: Path) -> None:
    """Create a sink of ready-made JSON lines: part files in ``folder``."""
    options = {"connector": "filesystem", "path": absolute_uri(folder), "format": "payload"}
    environment.execute_sql(
        f"CREATE TEMPORARY TABLE {table} (`key` STRING, payload BYTES) WITH ({sql_options(options)})"
    )


def fill_sinks(environment: StreamTableEnvironment, outputs: Outputs) -> None:
    """Make each output go to the sink of its name."""
    statements = environment.create_statement_set()
    for sink in SINK_ORDER:
        if sink in outputs:
            first, *others = outputs[sink]
            rows = environment.from_data_stream(first.union(*others) if others else first)
            statements.add_insert(sink, rows)
    statements.attach_as_datastream()
