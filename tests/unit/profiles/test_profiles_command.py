"""``fraudstream profiles``: show, status, expire and create, as data and as tables."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from serving.profiles_command import profiles_app
from serving.profiles_command.profiles_app import app
from serving.profiles_command.stored_history import HistoryError, StoredHistory
from tests.unit.profiles.profile_samples import EPOCH_MS, NOW_MS, progress, row

DAY_MS = 86_400_000
HASH_KEY = "0123456789abcdef" * 2


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteProfiles]:
    path = tmp_path / "profiles.db"
    monkeypatch.setenv("FRAUDSTREAM_PROFILE_STORE", f"sqlite:{path}")
    monkeypatch.setenv("COLUMNS", "120")
    opened = SqliteProfiles(path, timeout_s=5.0)
    yield opened
    opened.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def printed(*arguments: str) -> Any:  # noqa: ANN401 - what JSON can have
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_show_has_the_facts_of_the_row_and_of_its_step(store: SqliteProfiles) -> None:
    store.write([row("A1", ordinal=7, updated_ms=NOW_MS - 3 * DAY_MS, expires_ms=NOW_MS + DAY_MS)], NOW_MS)
    store.report(progress(until_ms=now_ms() - 2_000))
    facts = printed("show", "A1")
    assert facts["history"] is None
    assert (facts["entity"], facts["id"], facts["epoch_ms"], facts["ordinal"]) == (
        "account_id", "A1", EPOCH_MS, 7,
    )  # fmt: skip
    assert (facts["bytes"], facts["is_expired"]) == (len(b"history"), False)
    assert 3 * DAY_MS <= facts["age_ms"] < 4 * DAY_MS
    assert 2_000 <= facts["step_age_ms"] < 60_000


def test_show_tells_an_old_change_from_a_stopped_job(store: SqliteProfiles) -> None:
    store.write([row("A1", updated_ms=NOW_MS - 3 * DAY_MS)], NOW_MS)
    store.report(progress(until_ms=now_ms() - 7_200_000))
    text = run("show", "A1").stdout
    assert "3.0 d ago" in text
    assert "written until 2.0 h ago" in text


def test_show_takes_another_entity(store: SqliteProfiles) -> None:
    store.write([row("A1"), row("A1", entity="device_id", ordinal=3)], NOW_MS)
    assert printed("show", "A1", "--entity", "device_id")["ordinal"] == 3


def test_show_names_a_step_without_progress_and_an_expired_row(store: SqliteProfiles) -> None:
    store.write([row("A1", expires_ms=NOW_MS - 1)], NOW_MS - 2)
    text = run("show", "A1").stdout
    assert "not reported" in text
    assert "expired" in text


def test_show_escapes_control_characters(store: SqliteProfiles) -> None:
    store.write([row("\x1b[2J")], NOW_MS)
    result = run("show", "\x1b[2J")
    assert result.exit_code == 0
    assert "\x1b[2J" not in result.stdout
    assert "\x1b" not in run("show", "\x1b[2J", "--json").stdout


def test_show_of_a_missing_profile_is_an_error(store: SqliteProfiles) -> None:
    store.write([row("A1")], NOW_MS)
    result = run("show", "A2")
    assert result.exit_code == 1
    assert "no profile of account_id 'A2'" in result.stderr


def test_show_lists_the_newest_transactions_with_the_hash_key(
    store: SqliteProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([row("A1", profile=b"bytes")], NOW_MS)
    monkeypatch.setenv("FRAUDSTREAM_HASH_KEY", HASH_KEY)
    newest: list[dict[str, float | None]] = [
        {"event_time_ms": 1_700_000_000_000, "transaction_amount_vnd": 2_500_000.0, "latitude": None}
    ]

    def read(profile: bytes, key: str, count: int) -> StoredHistory:
        assert (profile, key, count) == (b"bytes", HASH_KEY, 3)
        return StoredHistory(transactions=9, rows=8, condensed=1, newest=newest)

    monkeypatch.setattr(profiles_app, "read_history", read)
    assert printed("show", "A1", "--newest", "3")["history"]["newest"] == newest
    text = run("show", "A1", "--newest", "3").stdout
    assert "9 transactions: 8 kept one by one, 1 condensed" in text
    assert "2023-11-14 22:13:20Z" in text
    assert "2.5e+06" in text


def test_show_with_a_wrong_hash_key_is_an_error(
    store: SqliteProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([row("A1")], NOW_MS)
    monkeypatch.setenv("FRAUDSTREAM_HASH_KEY", "short")
    assert run("show", "A1").exit_code == 2

    def refuse(*_: object) -> StoredHistory:
        msg = "written with the hash key 1"
        raise HistoryError(msg)

    monkeypatch.setenv("FRAUDSTREAM_HASH_KEY", HASH_KEY)
    monkeypatch.setattr(profiles_app, "read_history", refuse)
    result = run("show", "A1")
    assert (result.exit_code, result.stderr) == (1, "written with the hash key 1\n")


def test_status_has_rows_bytes_and_lag_of_each_entity(store: SqliteProfiles) -> None:
    store.write(
        [row("A1", profile=b"123"), row("A2", profile=b"4567"), row("D1", entity="device_id")], NOW_MS
    )
    store.report(progress(task=0, tasks=2, until_ms=now_ms() - 1_000))
    store.report(progress(task=1, tasks=2, until_ms=now_ms() - 5_000))
    store.report(progress("merchant_id", task=0, tasks=2, until_ms=now_ms()))
    account, device, merchant = printed("status")
    assert (account["rows"], account["bytes"], account["tasks"], account["epoch_ms"]) == (2, 7, 2, EPOCH_MS)
    assert 5_000 <= account["lag_ms"] < 60_000
    assert (device["rows"], device["lag_ms"], device["tasks"]) == (1, None, None)
    assert (merchant["rows"], merchant["bytes"], merchant["lag_ms"]) == (0, 0, None)
    text = run("status").stdout
    assert "account_id" in text
    assert "not reported" in text


def test_expire_deletes_what_has_expired(store: SqliteProfiles) -> None:
    store.write([row("A1", expires_ms=NOW_MS - 1), row("A2")], NOW_MS - 2)
    result = run("expire")
    assert (result.exit_code, result.stdout) == (0, "1 expired profiles deleted\n")
    assert store.read([row("A1").key, row("A2").key]) == [None, row("A2")]


def test_create_is_for_dynamodb_only(store: SqliteProfiles) -> None:
    assert store
    result = run("create")
    assert result.exit_code == 1
    assert "the job creates the tables of sqlite:" in result.stderr


@pytest.mark.parametrize(
    ("store_url", "message"),
    [
        (None, "set FRAUDSTREAM_PROFILE_STORE"),
        ("sqlite:/missing/profiles.db", "no such file"),
        ("redis://:hunter2@h/cache", "number of a Redis database"),
    ],
)
@pytest.mark.parametrize("command", [("show", "A1"), ("status",), ("expire",)])
def test_a_store_that_cannot_be_used_is_an_error_without_the_password(
    command: tuple[str, ...], store_url: str | None, message: str
) -> None:
    given = [] if store_url is None else ["--store", store_url]
    result = run(*command, *given)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "hunter2" not in result.output
