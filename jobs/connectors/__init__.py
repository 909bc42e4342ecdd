"""Connectors, the sources and sinks of a job behind one protocol; the settings select one of them."""

from typing import Final

from jobs.connectors.connector_protocol import Connector
from jobs.connectors.file_connector import FileConnector
from jobs.connectors.flink_tables import SINK_ORDER
from jobs.connectors.kinesis_connector import KinesisConnector
from jobs.job_settings import JobSettings

CONNECTORS: Final[list[type[Connector]]] = [FileConnector, KinesisConnector]
"""All connectors in the order in which they are tried; the last one accepts any settings."""


def connector_for(settings: JobSettings) -> Connector:
    """Return the first connector that accepts the settings."""
    return next(connector(settings) for connector in CONNECTORS if connector.takes(settings))


def known_tables() -> list[str]:
    """Return the source and sink tables of all jobs of this project, which name operators in saved state."""
    return [*(table for connector in CONNECTORS for table in connector.known_source_tables), *SINK_ORDER]
