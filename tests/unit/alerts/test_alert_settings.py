"""The consumer's own settings, and the handlers made from ``--handler`` and ``--to``."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from alerts.alert_settings import AlertSettings
from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_factory import HandlerName, checked_url, open_handler
from alerts.handlers.handler_protocol import HandlerError
from alerts.handlers.jsonl import JsonLinesHandler
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.handlers.webhook import WebhookHandler
from alerts.reading import time_ms
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.start_positions import parse_start
from fraudstream.streams.stream_settings import StreamSettings

SECRET = "0123456789abcdef0123456789abcdef"


def load(env_file: Path | None = None) -> AlertSettings:
    return AlertSettings.load(env_file=env_file)


def test_a_secret_has_no_default() -> None:
    assert load().webhook_secret is None


def test_the_file_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ALERTS_KEEP_IDS=3d\nAWS_REGION=eu-west-1\n")
    monkeypatch.setenv("ALERTS_KEEP_IDS", "2d")
    monkeypatch.setenv("ALERTS_TABLE_KEEP", "30d")
    settings = load(tmp_path / ".env")
    assert (settings.keep_ids, settings.table_keep) == (timedelta(days=3), timedelta(days=30))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ALERTS_STORE", "redis:here", r"ALERTS_STORE: 'redis:here' can't be used: .*sqlite:PATH"),
        ("ALERTS_STORE", "dynamodb:a b", "ALERTS_STORE"),
        ("ALERTS_KEEP_IDS", "5m", r"ALERTS_KEEP_IDS: .* can't be used: .*exceed the stream's retention"),
        ("ALERTS_KEEP_IDS", "long", "invalid duration 'long'"),
        (
            "ALERTS_WEBHOOK_SECRET",
            "too short",
            r"\*{10} can't be used: it has fewer than 32 bytes; .*openssl",
        ),
        ("ALERTS_WEBHOOK_SECERT", SECRET, "alerts_webhook_secert: unknown setting; docs/alerts.md"),
    ],
)
def test_an_invalid_setting_is_reported_with_the_fix_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"(?i){complaint}") as caught:
        load()
    assert "too short" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_WEBHOOK_SECRET", SECRET)
    settings = load()
    assert SECRET not in f"{settings!r} {settings}"


HANDLERS: list[tuple[HandlerName, str | None, type]] = [
    ("print", None, PrintHandler),
    ("jsonl", "alerts.jsonl", JsonLinesHandler),
    ("webhook", "https://bank.example/alerts", WebhookHandler),
    ("sns", "arn:aws:sns:ap-southeast-1:123456789012:FraudAlerts", SnsHandler),
    ("dynamodb", "FraudAlerts", TableHandler),
]
"""Each handler's name, a target, and its class."""


def test_the_table_has_every_handler() -> None:
    assert tuple(name for name, _, _ in HANDLERS) == get_args(HandlerName)


@pytest.mark.parametrize(("name", "target", "kind"), HANDLERS)
def test_each_handler_is_created_from_its_name_and_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: HandlerName, target: str | None, kind: type
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTS_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    handler = open_handler(
        name,
        target,
        StreamSettings.load(env_file=None),
        load(),
        console=Console(),
        as_json=False,
        stop=StopSignal(),
    )
    assert isinstance(handler, kind)
    handler.close()


@pytest.mark.parametrize("name", [name for name, target, _ in HANDLERS if target is not None])
def test_a_handler_without_a_target_is_rejected_with_the_missing_option(name: HandlerName) -> None:
    with pytest.raises(HandlerError, match=f"--handler {name} needs --to: "):
        open_handler(
            name,
            None,
            StreamSettings.load(env_file=None),
            load(),
            console=Console(),
            as_json=False,
            stop=StopSignal(),
        )


def test_a_webhook_without_a_secret_is_rejected() -> None:
    with pytest.raises(HandlerError, match="no signing secret; set ALERTS_WEBHOOK_SECRET"):
        open_handler(
            "webhook",
            "https://bank.example",
            StreamSettings.load(env_file=None),
            load(),
            console=Console(),
            as_json=False,
            stop=StopSignal(),
        )


def test_an_invalid_topic_is_rejected() -> None:
    with pytest.raises(HandlerError, match="not a topic ARN; use the ARN"):
        open_handler(
            "sns",
            "FraudAlerts",
            StreamSettings.load(env_file=None),
            load(),
            console=Console(),
            as_json=False,
            stop=StopSignal(),
        )


@pytest.mark.parametrize(
    "url", ["https://bank.example/a?b=c", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:1/"]
)
def test_webhook_urls_use_https_or_this_machine(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://bank.example/", "by https only"),
        ("http://10.0.0.1/", "by https only"),
        ("http://localhost.evil.example/", "by https only"),
        ("https://me:secret@bank.example/", "remove the user and password"),
        ("bank.example/alerts", "not an HTTP URL"),
        ("ftp://bank.example/", "not an HTTP URL"),
        ("https:///alerts", "not an HTTP URL"),
        ("https://bank.example:port/", "not an HTTP URL"),
        ("", "not an HTTP URL"),
    ],
)
def test_any_other_url_is_rejected_with_the_reason(url: str, complaint: str) -> None:
    with pytest.raises(HandlerError, match=complaint) as caught:
        checked_url(url)
    assert "secret" not in str(caught.value)


NOW_MS = 1_767_312_001_000
"""2026-01-02T00:00:01Z."""


def test_a_start_position_is_a_word_or_a_time() -> None:
    assert parse_start("LATEST", now_ms=NOW_MS) == "LATEST"
    assert parse_start("TRIM_HORIZON", now_ms=NOW_MS) == "TRIM_HORIZON"
    start = parse_start("2026-01-02T07:00:00.5+07:00", now_ms=NOW_MS)
    assert not isinstance(start, str)
    assert start.isoformat() == "2026-01-02T00:00:00.500000+00:00"
    assert time_ms("2026-01-02T00:00:00Z") == 1_767_312_000_000


@pytest.mark.parametrize("text", ["latest", "", "yesterday", "2026-01-02T00:00:00"])
def test_any_other_start_position_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="2026-01-02T03:04:05Z"):
        parse_start(text, now_ms=NOW_MS)
    with pytest.raises(ValueError, match="2026-01-02T03:04:05Z"):
        time_ms(text)


def test_a_start_position_is_a_time_from_1970_to_now() -> None:
    for text in ("1970-01-01T00:00:00Z", "2026-01-02T00:00:01Z"):
        assert not isinstance(parse_start(text, now_ms=NOW_MS), str)
    with pytest.raises(ValueError, match=r"'1969-12-31T23:59:59\.999Z' is before 1970: use TRIM_HORIZON"):
        parse_start("1969-12-31T23:59:59.999Z", now_ms=NOW_MS)
    with pytest.raises(ValueError, match=r"in the future \(now: 2026-01-02T00:00:01\.000Z\): use LATEST"):
        parse_start("2026-01-02T00:00:01.001Z", now_ms=NOW_MS)
