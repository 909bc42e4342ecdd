"""Flink's plan of the topology: each step once, whatever the sinks, and stable uids."""

import re
from pathlib import Path

import pytest
from py4j.java_gateway import get_field
from pyflink.table import StreamTableEnvironment

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.customer import CUSTOMER_COLUMNS, FEATURE_COLUMNS
from fraudstream.domain.number_ranges import NUMBER_RANGES
from jobs import feature_job
from jobs.connectors import connector_for
from jobs.job_settings import JobSettings
from tests.golden import operators as golden

ENDPOINT = ("--aws-endpoint-url", "http://127.0.0.1:1")
SCORED_OFF = ("--scored-stream", "off")
STEPS = [
    "Source: transactions",
    "parse",
    "account_id windows",
    "device_id windows",
    "merchant_id windows",
    "counterparty_id windows",
    "finish features",
    "batch",
    "PythonCalc",
    "verdicts",
    "review limit",
    "dead letter limit",
    "dead_letters: Writer",
    "alerts: Writer",
    "scored_transactions: Writer",
]
BESIDE_THE_STEPS = re.compile(r"Calc$|TableToDataSteam|batches|\*anonymous")
HAS_STATE = re.compile(r"Source|windows|review limit|Writer")


def settings(*arguments: str) -> JobSettings:
    return JobSettings.load([*ENDPOINT, *arguments], env_file=None)


def operators(*arguments: str) -> dict[str, str]:
    """Return the job's operators in order, by name without the planner's number, with their uid."""
    pairs = [(re.sub(r"\[\d+\]", "", name), uid) for name, uid in golden.planned(*arguments)]
    kept = [(name, uid) for name, uid in pairs if name == "PythonCalc" or not BESIDE_THE_STEPS.search(name)]
    assert len(dict(kept)) == len(kept), f"a step is there twice: {kept}"
    return dict(kept)


def with_state(found: dict[str, str]) -> dict[str, str]:
    return {name: uid for name, uid in found.items() if HAS_STATE.search(name)}


def catalogue_file(folder: Path, catalogue: Catalogue) -> tuple[str, str]:
    path = folder / "catalogue.json"
    path.write_text(catalogue.to_json())
    return "--catalogue", str(path)


@pytest.fixture(scope="module")
def as_shipped() -> dict[str, str]:
    return operators(*ENDPOINT)


def test_with_every_sink_each_step_is_planned_once_and_in_order(as_shipped: dict[str, str]) -> None:
    assert list(as_shipped) == STEPS


def test_every_stateful_operator_has_a_descriptive_uid(as_shipped: dict[str, str]) -> None:
    assert with_state(as_shipped) == {
        "Source: transactions": "table-transactions",
        "account_id windows": "windows-account_id",
        "device_id windows": "windows-device_id",
        "merchant_id windows": "windows-merchant_id",
        "counterparty_id windows": "windows-counterparty_id",
        "review limit": "review-limit",
        "dead_letters: Writer": "table-dead_letters",
        "alerts: Writer": "table-alerts",
        "scored_transactions: Writer": "table-scored_transactions",
    }


@pytest.mark.parametrize("plan", golden.PLANS)
def test_operators_and_uids_match_the_golden_list_that_saved_state_depends_on(
    plan: str, tmp_path: Path
) -> None:
    assert golden.listing(plan, tmp_path) == golden.golden(plan).read_text()


def test_without_the_scored_stream_only_its_sink_is_missing(as_shipped: dict[str, str]) -> None:
    found = operators(*ENDPOINT, *SCORED_OFF)
    assert list(found) == STEPS[:-1]
    assert with_state(found).items() <= with_state(as_shipped).items()


def test_the_label_stream_adds_a_source_and_changes_no_uid(as_shipped: dict[str, str]) -> None:
    found = operators(*ENDPOINT, "--label-feedback", "true")
    assert set(found) - set(STEPS) == {"Source: labels", "parse labels"}
    assert with_state(as_shipped).items() <= with_state(found).items()


def test_an_added_feature_changes_no_uid(tmp_path: Path, as_shipped: dict[str, str]) -> None:
    one_more = BUILT_IN.features[0].model_copy(update={"name": "account_count_1m", "window_ms": 60_000})
    more = Catalogue((*BUILT_IN.features, one_more))
    assert with_state(operators(*ENDPOINT, *catalogue_file(tmp_path, more))) == with_state(as_shipped)


def test_an_entity_without_features_has_no_step_except_the_account(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.touch()
    files = ("--source", str(source), "--features-out", str(tmp_path / "out.jsonl"))
    row_only = Catalogue(BUILT_IN.row_features)
    found = operators(*files, *catalogue_file(tmp_path, row_only))
    assert list(found)[:5] == ["Source: lines", "parse", "account_id windows", "finish features", "features"]
    assert not [name for name in found if "windows" in name and not name.startswith("account")]


def test_no_table_of_the_job_contains_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "do-not-show")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-show")
    statements: list[str] = []
    execute = StreamTableEnvironment.execute_sql

    def remember(environment: StreamTableEnvironment, statement: str) -> object:
        statements.append(statement)
        return execute(environment, statement)

    monkeypatch.setattr(StreamTableEnvironment, "execute_sql", remember)
    feature_job.build(settings(), BUILT_IN, connector_for(settings()))
    assert sum("connector' = 'kinesis'" in statement for statement in statements) == 4
    assert not [statement for statement in statements if "do-not-show" in statement]


def test_the_kernel_and_the_domain_have_the_same_columns_and_ranges() -> None:
    feature_job.build(settings(), BUILT_IN, connector_for(settings()))  # starts the JVM with the kernel
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - only once the JVM has its class path

    columns = get_gateway().jvm.fraudstream.kernel.record.Column.values()
    assert [column.name().lower() for column in columns] == list(FEATURE_COLUMNS)
    metadata = [column.name().lower() for column in columns if get_field(column, "isMetadata")]
    assert metadata == list(CUSTOMER_COLUMNS)
    sent = [column for column in columns if not get_field(column, "isMetadata")]
    ranges = {column.name().lower(): get_field(column, "range") for column in sent}
    words = {name: str(each.toString()) for name, each in ranges.items() if each is not None}
    assert words == {name: str(each) for name, each in NUMBER_RANGES.items()}
    for name, expected in NUMBER_RANGES.items():
        ends = tuple(get_field(ranges[name], field) for field in ("min", "max", "excludesMin"))
        assert ends == (expected.minimum, expected.maximum, expected.excludes_min)
