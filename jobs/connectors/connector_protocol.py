"""The protocol of a connector: all that depends on what a job reads and writes."""

from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.domain.catalogue import Catalogue
from jobs.connectors.flink_tables import Sink
from jobs.job_settings import JobSettings
from jobs.kernel import JavaStream, Kernel, KernelOptions


class Connector(Protocol):
    """Sources and sinks of one job, as its settings describe them.

    `jobs.feature_job` calls `prepared` around the run, in it `create_sinks` and `parsed_events` while it
    builds the job, and `finish` after a job that ended as asked.
    """

    known_source_tables: ClassVar[tuple[str, ...]]
    """Every source table that some release of the connector has had. Saved state goes by these names:
    keep them, and give a source whose state another one can't read a name of its own."""

    is_bounded: ClassVar[bool]
    """Whether a job ends by itself, with its source."""

    def __init__(self, settings: JobSettings) -> None:
        """Take the settings; touch neither network nor disk."""

    @classmethod
    def takes(cls, settings: JobSettings) -> bool:
        """Return whether a job with these settings reads and writes through this connector."""

    @property
    def source_tables(self) -> tuple[str, ...]:
        """The tables that the job reads; empty if its source is no table."""

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """The sinks that the settings ask for, in the order of `SINK_ORDER`."""

    @property
    def has_labels(self) -> bool:
        """Whether labels are read beside the transactions."""

    @property
    def kernel_options(self) -> KernelOptions:
        """How the kernel's steps treat records of this source."""

    @property
    def flink_options(self) -> dict[str, str]:
        """Flink's options for restarts and checkpoints."""

    @property
    def jvm_variables(self) -> dict[str, str]:
        """Environment variables that the JVM must find when it starts."""

    def prepared(self) -> AbstractContextManager[None]:
        """Make the source ready to be read for as long as the context lasts.

        Raises `ArchiveError` if it can't be read.
        """

    def create_sinks(self, environment: StreamTableEnvironment) -> None:
        """Create a table for each of `sinks`, with the columns ``key`` STRING and ``payload`` BYTES.

        Raises `SettingsError` if one can't be written.
        """

    def parsed_events(
        self, execution: StreamExecutionEnvironment, environment: StreamTableEnvironment, kernel: Kernel
    ) -> list[JavaStream]:
        """Return the parsed events of transactions, then those of labels; dead letters are on their side."""

    def finish(self, catalogue: Catalogue) -> None:
        """Complete the outputs of a job that has ended; raises `JobFailedError` if one can't be written."""
