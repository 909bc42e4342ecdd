"""What Flink makes of the topology: each step once, whatever the sinks, and identities that stay."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pyflink.table import StreamTableEnvironment

from fraudstream.catalogue import BUILT_IN, Catalogue
from fraudstream.settings import ROOT, Settings
from fraudstream.transaction import COLUMN_KINDS
from jobs import feature_job

ENDPOINT = ("--aws-endpoint-url", "http://127.0.0.1:1")
SCORED_OFF = ("--scored-stream", "off")


def settings(*arguments: str) -> Settings:
    return Settings.load([*ENDPOINT, *arguments], env_file=None)


def operators(explanation: str) -> Counter[str]:
    plan = explanation.split("== Optimized Execution Plan ==")[1]
    return Counter(re.findall(r"TableSourceScan|Correlate\(|OverAggregate|PythonCalc|Sink\(", plan))


def test_with_every_sink_there_is_one_source_one_parse_one_aggregate_and_one_scoring_operator() -> None:
    plan = feature_job.build(settings()).explain()
    assert operators(plan) == {
        "TableSourceScan": 1,
        "Correlate(": 1,
        "OverAggregate": 1,
        "PythonCalc": 1,
        "Sink(": 3,
    }


def test_without_the_scored_stream_only_its_sink_is_gone() -> None:
    plan = feature_job.build(settings(*SCORED_OFF)).explain()
    assert operators(plan) == {
        "TableSourceScan": 1,
        "Correlate(": 1,
        "OverAggregate": 1,
        "PythonCalc": 1,
        "Sink(": 2,
    }


def test_features_alone_are_planned_without_python(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.touch()
    out = ("--features-out", str(tmp_path / "out.jsonl"))
    plan = feature_job.build(settings("--source", str(source), *out)).explain()
    assert operators(plan) == {"TableSourceScan": 1, "Correlate(": 1, "OverAggregate": 1, "Sink(": 1}


def test_no_credential_stands_in_the_tables_that_the_job_creates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "do-not-show")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-show")
    statements: list[str] = []
    execute = StreamTableEnvironment.execute_sql

    def remember(environment: StreamTableEnvironment, statement: str) -> object:
        statements.append(statement)
        return execute(environment, statement)

    monkeypatch.setattr(StreamTableEnvironment, "execute_sql", remember)
    feature_job.build(settings())
    assert sum("'connector' = 'kinesis'" in statement for statement in statements) == 4
    assert not [statement for statement in statements if "do-not-show" in statement]


def identities(*arguments: str) -> dict[str, str]:
    """Return the identity of each operator that has state, by its name."""
    command = [sys.executable, "-m", "tests.job.identities", *ENDPOINT, *arguments]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    result: dict[str, str] = json.loads(output)
    return result


def test_saved_state_finds_its_operators_when_sinks_or_features_change(
    tmp_path: Path,
) -> None:
    """The same identities with every sink, without the scored stream, and with one feature more."""
    one_more = BUILT_IN.features[0].model_copy(update={"name": "account_count_1m", "window_ms": 60_000})
    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(Catalogue((*BUILT_IN.features, one_more)).to_json())

    as_shipped = identities()

    assert len(as_shipped) == 4
    assert all(as_shipped.values())
    assert identities(*SCORED_OFF) == as_shipped
    assert identities("--catalogue", str(catalogue)) == as_shipped


def test_the_kernel_and_the_domain_have_the_same_columns() -> None:
    feature_job.build(settings())  # starts the JVM with the kernel
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - only once the JVM has its class path

    columns = get_gateway().jvm.fraudstream.kernel.Column.values()
    assert [column.name().lower() for column in columns] == list(COLUMN_KINDS)
