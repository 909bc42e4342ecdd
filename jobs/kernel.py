"""Python interface to the kernel's steps: one method per step, connected by streams of the JVM."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import to_jarray

from fraudstream.domain.catalogue import ENTITIES, Catalogue
from fraudstream.domain.review import SENTENCES
from fraudstream.runtime.clock import wall_clock_ms
from jobs.environment import is_on_cluster, milliseconds
from jobs.job_settings import JobSettings
from jobs.profile_options import profile_options
from jobs.python_mode import PythonMode, python_mode

STATE_TTL_MARGIN: Final = timedelta(hours=1)
"""State is kept this much longer than any window needs it."""

BUNDLE_TIME_MS: Final[dict[PythonMode, int]] = {"thread": 5, "process": 20}
"""Default wait for a batch. A call takes a few ms in a process and a fifth of a ms in a thread; with a wait
shorter than a call, the calls would cost more than the scoring."""

NO_HURRY_MS: Final = 1_000
"""Longest wait for a batch if latency does not matter, so that calls of Python get full batches."""

JavaStream = Any
"""A ``DataStream`` of the JVM; PyFlink has no types."""
JobKey = Any
"""A ``JobKey`` of the JVM, as `jobs.hash_keys` makes it."""


@dataclass(frozen=True, kw_only=True)
class KernelOptions:
    """Options of the kernel's steps for the records of a connector; the defaults are for a stream."""

    future_tolerance_ms: int
    """Most that an event time may be after the record's arrival; negative: unlimited."""
    state_ttl_ms: int = -1
    """Time to live of an entity's state in wall clock time; negative: as long as its windows need it."""
    batch_time_ms: int | None = None
    """Longest wait for a batch to score; None: according to the settings or the Python mode."""
    is_labelled: bool = False
    """Whether each line has a prefix letter that distinguishes transactions and labels."""
    transactions_per_second: float = 0.0
    """Rate limit of the lines; 0: unlimited."""
    ramp_ms: int = 0
    """Time in which the rate rises linearly from 0 to its limit."""
    writes_files: bool = False
    """Whether the outputs go to files, which no flood fills: then only reviews of one account are limited."""


class Kernel:
    """The steps of ``fraudstream.kernel.stream.Steps``, for one job's settings, catalogue and connector."""

    def __init__(  # noqa: PLR0913 - all that the steps of a job depend on
        self,
        settings: JobSettings,
        catalogue: Catalogue,
        options: KernelOptions,
        *,
        model_version: str,
        key: JobKey,
        with_reviews: bool = True,
    ) -> None:
        """Take ``with_reviews``: whether transactions that can't be judged raise review alerts."""
        self._key = key
        stream = get_gateway().jvm.fraudstream.kernel.stream
        self._steps = stream.Steps
        self._config = stream.JobConfig.fromJson(
            json.dumps(
                job_config(
                    settings, catalogue, options, model_version=model_version, with_reviews=with_reviews
                )
            )
        )

    def lines(self, execution: StreamExecutionEnvironment, uri: str) -> JavaStream:
        """Return the lines of a file, in order."""
        return self._steps.lines(execution._j_stream_execution_environment, uri)  # noqa: SLF001 - PyFlink has no other way

    def parse_lines(self, lines: JavaStream) -> JavaStream:
        """Return the events of a file's lines; dead letters and reviews are side outputs."""
        return self._steps.parseLines(lines, self._config)

    def parse_rows(self, rows: JavaStream, *, are_labels: bool = False) -> JavaStream:
        """Return the events of a stream's rows; dead letters and reviews are side outputs."""
        return self._steps.parseRows(rows, self._config, are_labels)

    def union(self, events: list[JavaStream]) -> JavaStream:
        """Return the union of several streams."""
        first, *others = events
        for other in others:
            first = first.union(
                to_jarray(get_gateway().jvm.org.apache.flink.streaming.api.datastream.DataStream, [other])
            )
        return first

    def windows(self, events: JavaStream, entity: str) -> JavaStream:
        """Return the events with one entity's windows; those that the account refuses are a side output."""
        return self._steps.windows(events, self._config, self._key, entity)

    def finish(self, events: JavaStream) -> JavaStream:
        """Return the events with the features that are derived from windows, after all windows."""
        return self._steps.finish(events, self._config)

    def batches(self, events: JavaStream) -> DataStream:
        """Return the events in batches for the scorer."""
        return DataStream(self._steps.batches(events, self._config))

    def verdicts(self, answers: DataStream, *, with_scored: bool) -> JavaStream:
        """Return the step that evaluates the scorer's answers; all of its results are side outputs."""
        return self._steps.verdicts(answers._j_data_stream, self._config, with_scored)  # noqa: SLF001 - PyFlink has no other way

    def features(self, events: JavaStream) -> DataStream:
        """Return a line of features for each transaction event."""
        return DataStream(self._steps.features(events, self._config))

    def limit_letters(self, letters: list[JavaStream]) -> DataStream:
        """Return the dead letters of all steps, limited by task and minute."""
        return DataStream(self._steps.limitLetters(self.union(letters), self._config))

    def limit_reviews(self, reviews: list[JavaStream]) -> DataStream:
        """Return review alerts of the reviews of all steps, limited by account and minute."""
        return DataStream(self._steps.limitReviews(self.union(reviews), self._config))

    def name_tables(self, execution: StreamExecutionEnvironment, tables: Iterable[str]) -> None:
        """Set operator ids from the table names for sources and sinks that are tables, for saved state."""
        names = to_jarray(get_gateway().jvm.String, list(tables))
        self._steps.nameTables(execution._j_stream_execution_environment, names)  # noqa: SLF001 - PyFlink has no other way

    def side(self, step: JavaStream, name: str) -> JavaStream:
        """Return a side output of a step."""
        return self._steps.output(step, name)


def _batch_time_ms(settings: JobSettings, options: KernelOptions) -> int:
    if options.batch_time_ms is not None:
        return options.batch_time_ms
    return settings.bundle_time_ms or BUNDLE_TIME_MS[python_mode(settings, is_on_cluster=is_on_cluster())]


def steps(catalogue: Catalogue) -> list[str]:
    """Return the entities that the job has a step for, in order: always the account, others if needed."""
    return [entity for entity in ENTITIES if entity == "account_id" or entity in catalogue.entities]


def job_config(
    settings: JobSettings,
    catalogue: Catalogue,
    options: KernelOptions,
    *,
    model_version: str,
    with_reviews: bool = True,
) -> dict[str, Any]:
    """Return the configuration that the kernel's ``JobConfig`` reads."""
    return {
        "catalogue": catalogue.to_json(),
        "catalogue_version": catalogue.version,
        "model_version": model_version,
        "max_record_bytes": settings.max_record_bytes,
        "allowed_lateness_ms": milliseconds(settings.allowed_lateness),
        "retention_tolerance_ms": milliseconds(settings.future_tolerance),
        "state_ttl_margin_ms": milliseconds(STATE_TTL_MARGIN),
        "batch_size": settings.bundle_size,
        "with_reviews": with_reviews,
        "reviews_per_minute": settings.review_alerts_per_minute,
        "reviews_of_task_per_minute": settings.review_alerts_of_task_per_minute,
        "review_sentences": SENTENCES,
        "dead_letters_per_record": settings.dead_letters_per_record,
        "dead_letters_per_minute": 0 if options.writes_files else settings.dead_letters_per_minute,
        "dead_letter_bytes_per_minute": settings.dead_letter_mib_per_minute * 1024 * 1024,
        "profiles": profile_options(settings, epoch_ms=wall_clock_ms()),
        "customers": settings.customer_options(
            region=settings.aws_region, endpoint_url=settings.endpoint_url, is_bounded=options.writes_files
        )
        if catalogue.of_customers
        else None,
    } | asdict(replace(options, batch_time_ms=_batch_time_ms(settings, options)))
