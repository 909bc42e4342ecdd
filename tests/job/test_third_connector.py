"""A connector that the project does not have yet: one class and its place in the registry make a job."""

from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import pytest
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from jobs import connectors, feature_job
from jobs.connectors import connector_for, known_tables
from jobs.connectors.flink_tables import Sink, table_rows
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel, KernelOptions


class MadeUpConnector:
    """Reads transactions that Flink makes up, and throws all outputs away."""

    known_source_tables: ClassVar[tuple[str, ...]] = ("made_up",)
    is_bounded: ClassVar[bool] = False
    source_tables = known_source_tables
    sinks: tuple[Sink, ...] = ("dead_letters", "alerts")
    has_labels = False
    kernel_options = KernelOptions(future_tolerance_ms=0)
    flink_options: ClassVar[dict[str, str]] = {"restart-strategy.type": "disable"}
    jvm_variables: ClassVar[dict[str, str]] = {}

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings

    @classmethod
    def takes(cls, settings: JobSettings) -> bool:
        return settings.transactions_stream == "made-up"

    def prepared(self) -> AbstractContextManager[None]:
        return nullcontext()

    def create_sinks(self, environment: StreamTableEnvironment) -> None:
        for sink in self.sinks:
            environment.execute_sql(
                f"CREATE TEMPORARY TABLE {sink} (`key` STRING, payload BYTES) "
                "WITH ('connector' = 'blackhole')"
            )

    def parsed_events(
        self,
        execution: StreamExecutionEnvironment,  # noqa: ARG002 - the protocol's
        environment: StreamTableEnvironment,
        kernel: Kernel,
    ) -> list[JavaStream]:
        environment.execute_sql(
            "CREATE TEMPORARY TABLE made_up (`raw` BYTES, arrival AS CAST(NULL AS TIMESTAMP_LTZ(3)), "
            "shard_id AS CAST(NULL AS STRING), sequence_number AS CAST(NULL AS STRING)) "
            "WITH ('connector' = 'datagen')"
        )
        return [kernel.parse_rows(table_rows(environment, "made_up"))]

    def finish(self, catalogue: Catalogue) -> None:
        pass


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "CONNECTORS", [MadeUpConnector, *connectors.CONNECTORS])


def test_only_settings_that_it_takes_choose_it() -> None:
    assert isinstance(connector_for(JobSettings(transactions_stream="made-up")), MadeUpConnector)
    assert not isinstance(connector_for(JobSettings()), MadeUpConnector)


def test_its_tables_are_known_in_saved_state() -> None:
    assert "made_up" in known_tables()


def test_the_job_has_its_source_and_sinks_around_the_same_steps() -> None:
    settings = JobSettings.load(["--transactions-stream", "made-up"], env_file=None)
    execution = feature_job.build(settings, BUILT_IN, connector_for(settings))
    graph = execution._j_stream_execution_environment.getStreamGraph(False)  # noqa: SLF001, FBT003 - PyFlink has no way of its own
    uids = {node.getTransformationUID() for node in graph.getStreamNodes().toArray()}
    assert {"table-made_up", "parse", "windows-account_id", "windows-counterparty_id", "verdicts"} <= uids
    assert {uid for uid in uids if uid and uid.startswith("table-")} == {
        "table-made_up",
        "table-dead_letters",
        "table-alerts",
    }
