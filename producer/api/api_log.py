"""Events that the Transaction API logs, besides its requests; docs/transaction-api.md lists them.

Lines that a request causes have its id, so its own line says who sent it.
"""

from producer.api.api_settings import ApiSettings
from producer.api.flow import Ending
from producer.api.identity import LOGGER
from producer.api.schemas import Config


def log_start(settings: ApiSettings) -> None:
    """Log that the process starts, with its settings."""
    LOGGER.info("starting", settings=dict(settings.table()))


def log_end(transactions_served: int) -> None:
    """Log that the process ends."""
    LOGGER.info("ended", transactions_served=transactions_served)


def log_streaming(*, is_streaming: bool, changed: bool) -> None:
    """Log a request to start or stop the stream; ``changed`` is False if it was so already."""
    LOGGER.info(f"transaction streaming {'started' if is_streaming else 'stopped'}", changed=changed)


def log_configuration(config: Config) -> None:
    """Log that a change of the configuration is in force, with all its values."""
    LOGGER.info("configuration updated", **config.model_dump())


def log_stream_error(clients: int) -> None:
    """Log the exception that ended the stream of ``clients``; to be called while it is handled."""
    LOGGER.exception("stream error", clients=clients)


def log_dropped_client(ending: Ending) -> None:
    """Log that a client was dropped."""
    LOGGER.warning("a stream client was dropped", reason=ending.reason)
