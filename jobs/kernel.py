"""The kernel's steps, put together from Python: one method a step, streams of the JVM in between."""

import json
from collections.abc import Iterable
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


class Kernel:
    """The steps of ``fraudstream.kernel.stream.Steps``, for one job's settings and catalogue."""

    def __init__(self, settings: JobSettings, catalogue: Catalogue, *, model_version: str) -> None:
        stream = get_gateway().jvm.fraudstream.kernel.stream
        self._steps = stream.Steps
        self._config = stream.JobConfig.fromJson(
            json.dumps(job_config(settings, catalogue, model_version=model_version))
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


def _batch_time_ms(settings: JobSettings) -> int:
    if settings.source is not None and settings.source_rate is None:
        # They come as fast as the file can be read, and have no time of arrival.
        return NO_HURRY_MS
    return settings.bundle_time_ms or BUNDLE_TIME_MS[python_mode(settings, is_on_cluster=is_on_cluster())]


def steps(catalogue: Catalogue) -> list[str]:
    """Return the entities that the job has a step for, in order: the account always, others if needed."""
    return [entity for entity in ENTITIES if entity == "account_id" or entity in catalogue.entities]


def job_config(settings: JobSettings, catalogue: Catalogue, *, model_version: str) -> dict[str, Any]:
    """Return what the kernel's ``JobConfig`` reads."""
    return {
        "catalogue": catalogue.to_json(),
        "catalogue_version": catalogue.version,
        "model_version": model_version,
        "max_record_bytes": settings.max_record_bytes,
        # A file's transactions lie in the past or wherever their owner put them: no clock judges them.
        "future_tolerance_ms": -1 if settings.source else milliseconds(settings.future_tolerance),
        "allowed_lateness_ms": milliseconds(settings.allowed_lateness),
        "state_ttl_margin_ms": milliseconds(STATE_TTL_MARGIN),
        "state_ttl_ms": -1 if settings.source_ttl is None else milliseconds(settings.source_ttl),
        "batch_size": settings.bundle_size,
        "batch_time_ms": _batch_time_ms(settings),
        "is_labelled": settings.labels is not None,
        "transactions_per_second": settings.source_rate or 0.0,
        "ramp_ms": milliseconds(settings.source_ramp),
        "writes_files": settings.source is not None,
    }
