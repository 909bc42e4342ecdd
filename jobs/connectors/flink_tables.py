"""Flink tables shared by all connectors: table sources, table sinks, and the names and order of the sinks."""

from typing import Any, Final, Literal

from pyflink.datastream import DataStream
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment
from pyflink.util.java_utils import get_java_class

Sink = Literal["dead_letters", "alerts", "scored_transactions", "features"]
"""Name of a sink's table, by which its saved state is keyed."""
Outputs = dict[Sink, list[DataStream]]
"""Rows of (key, payload) for each sink."""

SINK_ORDER: Final[tuple[Sink, ...]] = ("dead_letters", "alerts", "scored_transactions", "features")
"""Order in which sinks are added to the plan."""


def table_rows(environment: StreamTableEnvironment, table: str) -> Any:  # noqa: ANN401 - PyFlink has no types
    """Return the rows of a source table as the JVM's ``DataStream<RowData>``, for `Kernel.parse_rows`.

    The table's columns are ``raw`` BYTES, ``arrival`` TIMESTAMP_LTZ(3), ``shard_id`` STRING and
    ``sequence_number`` STRING; all but the first may be null.
    """
    rows = environment.from_path(table)._j_table  # noqa: SLF001 - PyFlink would convert each to a Row
    row_data = get_java_class(get_gateway().jvm.org.apache.flink.table.data.RowData)
    data_type = rows.getResolvedSchema().toSourceRowDataType().bridgedTo(row_data)
    return environment._j_tenv.toDataStream(rows, data_type)  # noqa: SLF001 - as above


def fill_sinks(environment: StreamTableEnvironment, outputs: Outputs) -> None:
    """Insert each output into the sink of its name."""
    statements = environment.create_statement_set()
    for sink in SINK_ORDER:
        if sink in outputs:
            first, *others = outputs[sink]
            rows = environment.from_data_stream(first.union(*others) if others else first)
            statements.add_insert(sink, rows)
    statements.attach_as_datastream()


def sql_options(options: dict[str, str]) -> str:
    """Return table options in SQL syntax."""
    return ", ".join(f"'{key}' = {_literal(value)}" for key, value in options.items())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
