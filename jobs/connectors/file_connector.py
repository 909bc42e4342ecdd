"""File connector for bounded mode: files as sources and sinks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.domain.catalogue import Catalogue
from fraudstream.runtime.terminal import write_error
from jobs.connectors.flink_tables import SINK_ORDER, Sink, sql_options
from jobs.connectors.output_files import assemble_output, fresh_parts_folder
from jobs.connectors.source_lines import UnusedLabels, source_lines
from jobs.environment import absolute_uri, fail_at_once, milliseconds
from jobs.job_settings import JobSettings
from jobs.kernel import NO_HURRY_MS, JavaStream, Kernel, KernelOptions
from jobs.run_summary import RunSummary

if TYPE_CHECKING:
    from pathlib import Path


class FileConnector:
    """Reads the files of ``source`` and ``labels`` to their end and writes one file per output."""

    known_source_tables: ClassVar[tuple[str, ...]] = ()
    is_bounded: ClassVar[bool] = True

    def __init__(self, settings: JobSettings) -> None:
        if settings.source is None:
            msg = "the settings have no source file; use the connector that `connector_for` selects"
            raise ValueError(msg)
        self._settings = settings
        self._source = settings.source
        self._lines: Path | None = None
        self._unused = UnusedLabels(settings.max_record_bytes)
        outputs: dict[Sink, Path | None] = {
            "dead_letters": settings.dead_letters_out,
            "alerts": settings.alerts_out,
            "scored_transactions": settings.scores_out,
            "features": settings.features_out,
        }
        self._outputs = {sink: path for sink in SINK_ORDER if (path := outputs[sink]) is not None}

    @classmethod
    def takes(cls, settings: JobSettings) -> bool:
        """Whether the settings name a source file."""
        return settings.source is not None

    @property
    def source_tables(self) -> tuple[str, ...]:
        """Empty: the lines of a file are not a table."""
        return ()

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """The sinks that have an output file."""
        return tuple(self._outputs)

    @property
    def has_labels(self) -> bool:
        """Whether there is a file of labels."""
        return self._settings.labels is not None

    @property
    def kernel_options(self) -> KernelOptions:
        """Event times are not compared with a clock; batches fill up unless the source has a rate."""
        settings = self._settings
        return KernelOptions(
            # A file's event times are arbitrary: usually in the past, but possibly in the future.
            future_tolerance_ms=-1,
            state_ttl_ms=-1 if settings.source_ttl is None else milliseconds(settings.source_ttl),
            # Without a rate, records are read as fast as possible and have no arrival time.
            batch_time_ms=NO_HURRY_MS if settings.source_rate is None else None,
            is_labelled=self.has_labels,
            transactions_per_second=settings.source_rate or 0.0,
            ramp_ms=milliseconds(settings.source_ramp),
            writes_files=True,
        )

    @property
    def flink_options(self) -> dict[str, str]:
        """No restarts: a file is read from its beginning, so there is nothing to restore."""
        return fail_at_once()

    @property
    def jvm_variables(self) -> dict[str, str]:
        """Empty: the JVM reads and writes only local files."""
        return {}

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Provide the source's lines in one file, a temporary one unless the source itself is suitable.

        Raises `ArchiveError` if the source or the labels can't be read.
        """
        with source_lines(self._source, self._settings.labels, self._settings, self._unused) as self._lines:
            yield

    def create_sinks(self, environment: StreamTableEnvironment) -> None:
        """Create sinks for encoded JSON lines, which write part files beside the outputs."""
        for sink, path in self._outputs.items():
            options = {
                "connector": "filesystem",
                "path": absolute_uri(fresh_parts_folder(path)),
                "format": "payload",
            }
            environment.execute_sql(
                f"CREATE TEMPORARY TABLE {sink} (`key` STRING, payload BYTES) WITH ({sql_options(options)})"
            )

    def parsed_events(
        self,
        execution: StreamExecutionEnvironment,
        environment: StreamTableEnvironment,  # noqa: ARG002 - part of the protocol; lines are not a table
        kernel: Kernel,
    ) -> list[JavaStream]:
        """Return one stream with the events of transactions and labels, in the order of the lines."""
        if self._lines is None:
            msg = "the source's lines exist only in the context of `prepared`; build the job within it"
            raise RuntimeError(msg)
        return [kernel.parse_lines(kernel.lines(execution, absolute_uri(self._lines)))]

    def finish(self, catalogue: Catalogue, counts: Mapping[str, int]) -> None:
        """Concatenate each output's part files, and summarise the run on standard error.

        Raises `JobFailedError` if a file can't be written, and `NothingAcceptedError` if the job accepted
        none of the transactions or none of the labels; the outputs are complete then.
        """
        for path in self._outputs.values():
            assemble_output(path, catalogue)
        summary = RunSummary.of(counts, self._unused.count, has_labels=self.has_labels)
        for line in summary.lines():
            write_error(line)
        summary.check()
