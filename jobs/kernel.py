"""The kernel's steps, put together from Python: one method a step, streams of the JVM in between."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import to_jarray

from fraudstream.domain.catalogue import ENTITIES, Catalogue
from jobs.environment import is_on_cluster, milliseconds
from jobs.job_settings import JobSettings
from jobs.python_mode import PythonMode, python_mode

STATE_TTL_MARGIN: Final = timedelta(hours=1)
"""State is kept this much longer than any window can ask for."""

BUNDLE_TIME_MS: Final[dict[PythonMode, int]] = {"thread": 5, "process": 20}
"""The wait for a batch where the settings have none. A call of a process takes some ms, one of a thread a
fifth of one; a wait that is shorter than a call would make the calls more than the work."""

NO_HURRY_MS: Final = 1_000
"""The longest wait for a batch where nobody waits for a score: only full ones are worth Python's while."""

JavaStream = Any
"""A ``DataStream`` of the JVM; PyFlink has no types."""


@dataclass(frozen=True, kw_only=True)
class KernelOptions:
    """How the kernel's steps treat the records of a connector; the defaults are those of a stream."""

    future_tolerance_ms: int
    """How far an event time may lie past the record's arrival; negative: no clock judges it."""
    state_ttl_ms: int = -1
    """How long, by the clock, an entity's state is kept; negative: as long as its windows need it."""
    batch_time_ms: int | None = None
    """The longest wait for a batch to score; None: what the settings or the mode of Python ask for."""
    is_labelled: bool = False
    """Whether a letter before each line says if it is a transaction or a label."""
    transactions_per_second: float = 0.0
    """How many lines are let through; 0: as many as can be read."""
    ramp_ms: int = 0
    """The time in which that rate is reached, evenly from 0."""
    writes_files: bool = False
    """Whether the outputs go to files."""


class Kernel:
    """The steps of ``fraudstream.kernel.stream.Steps``, for one job's settings, catalogue and connector."""

    def __init__(
        self, settings: JobSettings, catalogue: Catalogue, options: KernelOptions, *, model_version: str
    ) -> None:
        stream = get_gateway().jvm.fraudstream.kernel.stream
        self._steps = stream.Steps
        self._config = stream.JobConfig.fromJson(
            json.dumps(job_config(settings, catalogue, options, model_version=model_version))
        )

    def lines(self, execution: StreamExecutionEnvironment, uri: str) -> JavaStream:
        """Return the lines of a file, in their order."""
        return self._steps.lines(execution._j_stream_execution_environment, uri)  # noqa: SLF001 - PyFlink has no other way

    def parse_lines(self, lines: JavaStream) -> JavaStream:
        """Return the events of a file's lines; dead letters on the side."""
        return self._steps.parseLines(lines, self._config)

    def parse_rows(self, rows: JavaStream, *, are_labels: bool = False) -> JavaStream:
        """Return the events of a stream's rows; dead letters on the side."""
        return self._steps.parseRows(rows, self._config, are_labels)

    def union(self, events: list[JavaStream]) -> JavaStream:
        """Return the events of all the streams as one."""
        first, *others = events
        for other in others:
            first = first.union(
                to_jarray(get_gateway().jvm.org.apache.flink.streaming.api.datastream.DataStream, [other])
            )
        return first

    def windows(self, events: JavaStream, entity: str) -> JavaStream:
        """Return the events with the windows of one entity; the account's late ones on the side."""
        return self._steps.windows(events, self._config, entity)

    def finish(self, events: JavaStream) -> JavaStream:
        """Return the events with the features that depend on windows, once all windows are there."""
        return self._steps.finish(events, self._config)

    def batches(self, events: JavaStream) -> DataStream:
        """Return the events in batches for the scorer."""
        return DataStream(self._steps.batches(events, self._config))

    def verdicts(self, answers: DataStream, *, with_scored: bool) -> JavaStream:
        """Return what follows from the scorer's answers, all of it on the side."""
        return self._steps.verdicts(answers._j_data_stream, self._config, with_scored)  # noqa: SLF001 - PyFlink has no other way

    def features(self, events: JavaStream) -> DataStream:
        """Return a line of features for each event that counts."""
        return DataStream(self._steps.features(events, self._config))

    def name_tables(self, execution: StreamExecutionEnvironment, tables: Iterable[str]) -> None:
        """Give the sources and sinks that are tables an identity by their names, for saved state."""
        names = to_jarray(get_gateway().jvm.String, list(tables))
        self._steps.nameTables(execution._j_stream_execution_environment, names)  # noqa: SLF001 - PyFlink has no other way

    def side(self, step: JavaStream, sink: str) -> DataStream:
        """Return what a step has put on the side for a sink."""
        return DataStream(self._steps.output(step, sink))


def _batch_time_ms(settings: JobSettings, options: KernelOptions) -> int:
    if options.batch_time_ms is not None:
        return options.batch_time_ms
    return settings.bundle_time_ms or BUNDLE_TIME_MS[python_mode(settings, is_on_cluster=is_on_cluster())]


def steps(catalogue: Catalogue) -> list[str]:
    """Return the entities that the job has a step for, in order: the account always, others if needed."""
    return [entity for entity in ENTITIES if entity == "account_id" or entity in catalogue.entities]


def job_config(
    settings: JobSettings, catalogue: Catalogue, options: KernelOptions, *, model_version: str
) -> dict[str, Any]:
    """Return what the kernel's ``JobConfig`` reads."""
    return {
        "catalogue": catalogue.to_json(),
        "catalogue_version": catalogue.version,
        "model_version": model_version,
        "max_record_bytes": settings.max_record_bytes,
        "allowed_lateness_ms": milliseconds(settings.allowed_lateness),
        "state_ttl_margin_ms": milliseconds(STATE_TTL_MARGIN),
        "batch_size": settings.bundle_size,
    } | asdict(replace(options, batch_time_ms=_batch_time_ms(settings, options)))
