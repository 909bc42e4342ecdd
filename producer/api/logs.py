"""Logs as JSON, one object a line on stderr, with the id of the request that they belong to."""

import json
import logging
import logging.config
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

LOGGER: Final = logging.getLogger("transaction_api")
REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The id of the request that the running code serves; None outside of one."""
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STANDARD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}


def request_id(offered: str | None) -> str:
    """Return ``offered`` if it is 1 to 64 letters, digits, dots, dashes or underscores, else a new id.

    Anything else could forge a line of the log or a header of the answer.
    """
    return offered if offered is not None and _SANE_ID.fullmatch(offered) else uuid4().hex


class JsonFormatter(logging.Formatter):
    """One JSON object: time (RFC 3339, UTC), level, logger, message, request_id, and the ``extra`` given."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what JSON has no form for is written as text."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (current := REQUEST_ID.get()) is not None:
            line["request_id"] = current
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_config(level: str) -> Mapping[str, Any]:
    """Return the logging of the API and of uvicorn; uvicorn's own line for each request is off."""
    logger = {"handlers": ["stderr"], "level": level, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": {
            LOGGER.name: logger,
            "uvicorn": logger,
            "uvicorn.access": logger | {"handlers": []},
        },
    }


def configure_logging(level: str) -> None:
    """Log from ``level`` on, as JSON."""
    logging.config.dictConfig(dict(log_config(level)))
