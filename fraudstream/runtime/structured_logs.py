"""Structured logs on stderr: one JSON object per line, without secrets.

A program gets its logger from `get_logger` and calls `configure_logging` once, at startup. Messages that
libraries log with the standard library's `logging` have the same format.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.processors import format_exc_info
from structlog.stdlib import (
    BoundLogger,
    ExtraAdder,
    PositionalArgumentsFormatter,
    ProcessorFormatter,
    filter_by_level,
)
from structlog.typing import EventDict, Processor

from fraudstream.runtime.settings import HIDDEN
from fraudstream.runtime.terminal import redacted

REQUEST_ID: Final = "request_id"
"""Field with the id of the request that a line belongs to."""
_SECRET_NAME: Final = re.compile(
    r"secret|password|((^|[._-])(authorization|cookie|token|credentials?|api[_-]?key|private[_-]?key)$)",
    re.IGNORECASE,
)
"""Names of fields whose text is never logged."""
_UNSET: Final = frozenset({"", "None"})
"""Values of an unset secret, which need no hiding; `SettingsBase.table` shows ``None`` this way."""
_ENCODER: Final = json.JSONEncoder(default=str)
_UVICORN_FIELD: Final = "color_message"
"""Field in which Uvicorn repeats its message with colours."""


def get_logger(name: str) -> BoundLogger:
    """Return the logger of this name; keyword arguments of its calls become fields of the line."""
    processors: list[Processor] = [
        filter_by_level,
        merge_contextvars,
        PositionalArgumentsFormatter(),
        format_exc_info,
        ProcessorFormatter.wrap_for_formatter,
    ]
    return BoundLogger(logging.getLogger(name), processors, {})


@contextmanager
def request_id_bound(request_id: str) -> Iterator[None]:
    """Add ``request_id`` to every line logged in the context, by this task and the tasks that it starts."""
    with bound_contextvars(**{REQUEST_ID: request_id}):
        yield


def json_formatter() -> ProcessorFormatter:
    """Return a formatter of lines: time (RFC 3339, UTC), level, logger, message, request_id, other fields.

    Values without a JSON type are written as text. Text in a field whose name marks it as secret is replaced
    by asterisks at any depth, and so are credentials in URIs.
    """
    return ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars, ExtraAdder(), format_exc_info],
        processors=[_arranged, _without_secrets, _as_json],
    )


def configure_logging(level: str, loggers: Sequence[str], silenced: Sequence[str] = ()) -> None:
    """Write messages of ``loggers`` at ``level`` or above to stderr as JSON; discard those of ``silenced``.

    Other loggers and their handlers are unchanged. `logging.config.dictConfig` would close the handlers of
    every library in the process.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(json_formatter())
    for name in loggers:
        _arrange(name, [handler])
        logging.getLogger(name).setLevel(level)
    for name in silenced:
        # A logger without any handler would write its warnings to stderr.
        _arrange(name, [logging.NullHandler()])


def _arrange(name: str, handlers: list[logging.Handler]) -> None:
    logger = logging.getLogger(name)
    logger.handlers = handlers
    logger.propagate = False


def _arranged(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put the standard fields first; a given field with one of their names is prefixed with ``extra_``."""
    record: logging.LogRecord = event["_record"]
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": event["event"],
    }
    if REQUEST_ID in event:
        line[REQUEST_ID] = event[REQUEST_ID]
    left_out = {"event", "_record", "_from_structlog", REQUEST_ID, _UVICORN_FIELD}
    given = {name: value for name, value in event.items() if name not in left_out}
    return line | {f"extra_{name}" if name in line else name: value for name, value in given.items()}


def _without_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {name: _redact(name, value) for name, value in event.items()}


def _redact(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _redact(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact(name, each) for each in value]
    if not isinstance(value, str | bytes):
        return value
    if _is_secret(name) and str(value) not in _UNSET:
        return HIDDEN
    return redacted(value) if isinstance(value, str) else value


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    return _ENCODER.encode(event)
