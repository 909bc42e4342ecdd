"""Factory of alert handlers, from the options ``--handler`` and ``--to``."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import SplitResult, urlsplit

from rich.console import Console

from alerts.alert_settings import AlertSettings
from alerts.clients import dynamodb_client, sns_client
from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_protocol import AlertHandler, HandlerError
from alerts.handlers.jsonl import JsonLinesHandler
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.handlers.webhook import WebhookHandler
from fraudstream.runtime.bounded_calls import BoundedCalls
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.loopback import is_loopback_host
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.runtime.terminal import redacted
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from collections.abc import Callable

HandlerName = Literal["print", "jsonl", "webhook", "sns", "dynamodb"]

TARGETS: Final[dict[HandlerName, str]] = {
    "jsonl": "the path of a file",
    "webhook": "a URL, like https://bank.example/alerts",
    "sns": "the ARN of a topic, like arn:aws:sns:ap-southeast-1:123456789012:FraudAlerts",
    "dynamodb": "the name of a table",
}


def open_handler(  # noqa: PLR0913 - command-line values, settings and console
    name: HandlerName,
    target: str | None,
    settings: StreamSettings,
    options: AlertSettings,
    *,
    console: Console,
    as_json: bool,
    stop: StopSignal,
) -> AlertHandler:
    """Create the handler; its outgoing calls end within a second of ``stop``.

    Raises `HandlerError`, with the option and the fix in its message, if the handler can't be created.
    """
    if name == "print":
        return PrintHandler(console, as_json=as_json)
    if target is None:
        msg = f"--handler {name} needs --to: {TARGETS[name]}"
        raise HandlerError(msg)
    makers: dict[HandlerName, Callable[[], AlertHandler]] = {
        "jsonl": lambda: JsonLinesHandler(Path(target)),
        "webhook": lambda: _webhook(target, options, stop),
        "sns": lambda: _sns(target, settings, stop),
        "dynamodb": lambda: _table(target, settings, options, stop),
    }
    return makers[name]()


def _webhook(url: str, options: AlertSettings, stop: StopSignal) -> WebhookHandler:
    if options.webhook_secret is None:
        msg = (
            "the webhook has no signing secret; set ALERTS_WEBHOOK_SECRET, in .env or the environment; "
            "`openssl rand -hex 32` makes one"
        )
        raise HandlerError(msg)
    return WebhookHandler(checked_url(url), options.webhook_secret, now_s=time.time, calls=BoundedCalls(stop))


def _sns(topic_arn: str, settings: StreamSettings, stop: StopSignal) -> SnsHandler:
    if not topic_arn.startswith("arn:") or ":sns:" not in topic_arn:
        msg = f"--to {topic_arn}: not a topic ARN; use {TARGETS['sns']}"
        raise HandlerError(msg)
    return SnsHandler(bounded_client(lambda: sns_client(settings), stop), topic_arn)


def _table(table: str, settings: StreamSettings, options: AlertSettings, stop: StopSignal) -> TableHandler:
    keep_ms = options.table_keep // timedelta(milliseconds=1)
    client = bounded_client(lambda: dynamodb_client(settings), stop)
    return TableHandler(client, table, keep_ms=keep_ms, now_ms=wall_clock_ms)


def checked_url(url: str) -> str:
    """Return the URL if it is a valid target: https, or http to a loopback host, and without a password.

    Raises `HandlerError` otherwise.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"--to {redacted(url)!r}: not an HTTP URL; use {TARGETS['webhook']}"
        raise HandlerError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "--to: remove the user and password from the URL; the signature authenticates the sender"
        raise HandlerError(msg)
    if parts.scheme == "http" and not is_loopback_host(parts.hostname):
        msg = (
            f"--to {redacted(url)}: alerts contain account ids and leave this machine by https only; "
            "give an https URL"
        )
        raise HandlerError(msg)
    return url


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for an invalid port
    except ValueError:
        return None
    return parts
