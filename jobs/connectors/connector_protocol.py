"""Protocol of connectors: everything that depends on a job's sources and sinks."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.domain.catalogue import Catalogue
from jobs.connectors.flink_tables import Sink
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel, KernelOptions


class Connector(Protocol):
    """Sources and sinks of one job, according to its settings.

    `jobs.feature_job` enters `prepared` for the duration of the run, calls `create_sinks` and `parsed_events`
    while it builds the job, and `finish` after the job has completed.
    """

    known_source_tables: ClassVar[tuple[str, ...]]
    """All source tables that any release of the connector has had. Saved state is keyed by these names: keep
    them, and use a new name for a source that can't read the state of an existing one."""

    is_bounded: ClassVar[bool]
    """Whether the job ends by itself at the end of its source."""

    def __init__(self, settings: JobSettings) -> None:
        """Take the settings, without access to network or disk."""

    @classmethod
    def takes(cls, settings: JobSettings) -> bool:
        """Whether a job with these settings uses this connector."""

    @property
    def source_tables(self) -> tuple[str, ...]:
        """The tables that the job reads; empty if its source is not a table."""

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """The sinks that the settings enable, in the order of `SINK_ORDER`."""

    @property
    def has_labels(self) -> bool:
        """Whether the job reads labels in addition to transactions."""

    @property
    def kernel_options(self) -> KernelOptions:
        """Options of the kernel's steps for records of this source."""

    @property
    def flink_options(self) -> dict[str, str]:
        """Flink's options for restarts and checkpoints."""

    @property
    def jvm_variables(self) -> dict[str, str]:
        """Environment variables that must be set when the JVM starts."""

    def prepared(self) -> AbstractContextManager[None]:
        """Make the source readable for the duration of the context.

        Raises `ArchiveError` if it can't be read.
        """

    def create_sinks(self, environment: StreamTableEnvironment) -> None:
        """Create a table for each sink, with the columns ``key`` STRING and ``payload`` BYTES.

        Raises `SettingsError` if one can't be written.
        """

    def parsed_events(
        self, execution: StreamExecutionEnvironment, environment: StreamTableEnvironment, kernel: Kernel
    ) -> list[JavaStream]:
        """Return the parsed events of transactions, then those of labels; dead letters are side outputs."""

    def finish(self, catalogue: Catalogue, counts: Mapping[str, int]) -> None:
        """Complete the outputs after the job has ended; ``counts`` are those of `jobs.running.run`.

        Raises `JobFailedError` if an output can't be written, and `NothingAcceptedError` if the job accepted
        none of the records of a bounded source.
        """
