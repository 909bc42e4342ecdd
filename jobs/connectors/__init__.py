"""Connectors: what a job reads and writes, behind one protocol; the settings choose one of them."""

from typing import Final

from jobs.connectors.connector_protocol import Connector
from jobs.connectors.file_connector import FileConnector
from jobs.connectors.flink_tables import SINK_ORDER
from jobs.connectors.kinesis_connector import KinesisConnector
from jobs.job_settings import JobSettings

CONNECTORS: Final[list[type[Connector]]] = [FileConnector, KinesisConnector]
"""Every connector, in the order in which they are asked; the last one takes any settings."""


def connector_for(settings: JobSettings) -> Connector:
    """Return the first connector that takes the settings."""
    return next(connector(settings) for connector in CONNECTORS if connector.takes(settings))


def known_tables() -> list[str]:
    """Return the source and sink tables of every job of this project, for the names in saved state."""
    return [*(table for connector in CONNECTORS for table in connector.known_source_tables), *SINK_ORDER]
