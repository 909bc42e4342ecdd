import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from producer.__main__ import app
from producer.record_source import RecordSource, api_access
from producer.source_api import ApiAccess


@pytest.fixture(autouse=True)
def no_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the API settings of this machine."""
    for name in ("URL", "KEY", "KEY_FILE", "TOKEN"):
        monkeypatch.delenv(f"TRANSACTION_API_{name}", raising=False)


def existing(path: Path) -> Path:
    path.touch()
    return path


def test_a_source_is_a_known_name_or_an_existing_file(tmp_path: Path) -> None:
    path = existing(tmp_path / "a.parquet")
    assert RecordSource.named("bank") == RecordSource("bank")
    assert RecordSource.named("api") == RecordSource("api")
    assert RecordSource.named(str(path)) == RecordSource("file", path)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nowhere.jsonl", "file not found; use 'bank', 'api' or an existing file"),
        ("a.csv", "must end in one of .jsonl,"),
    ],
)
def test_an_unknown_source_is_rejected_with_the_known_ones(tmp_path: Path, name: str, complaint: str) -> None:
    existing(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=re.escape(complaint)):
        RecordSource.named(str(tmp_path / name))


def test_labels_are_known_for_the_bank_and_for_a_file_with_a_label_file(tmp_path: Path) -> None:
    source = RecordSource.named(str(existing(tmp_path / "a.jsonl")))
    assert RecordSource("bank").reason_without_labels() is None
    assert RecordSource("api").reason_without_labels() == "the transaction API does not return labels"
    assert source.reason_without_labels() == f"{tmp_path / 'a.truth.jsonl'} not found"
    existing(tmp_path / "a.truth.jsonl")
    assert source.reason_without_labels() is None


def test_the_api_url_comes_from_the_settings_file_or_else_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSACTION_API_URL", "http://one")
    monkeypatch.setenv("TRANSACTION_API_KEY", "k")
    monkeypatch.setenv("TRANSACTION_API_TOKEN", "")
    access = api_access(tmp_path / "none")
    assert (access.url, access.api_key, access.token) == ("http://one", "k", None)
    env_file = tmp_path / "env"
    env_file.write_text("TRANSACTION_API_URL=https://two\nTRANSACTION_API_TOKEN=t\nTRANSACTION_API_KEY=\n")
    access = api_access(env_file)
    assert (access.url, access.api_key, access.token) == ("https://two", "k", "t")
    assert "'k'" not in repr(access)


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    variables = {"TRANSACTION_API_URL": "http://one", "TRANSACTION_API_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(ValueError, match=r"TRANSACTION_API_KEY_FILE=.*key: can't be read \(No such file"):
        ApiAccess.from_variables(variables)
    (tmp_path / "key").write_text("k\n")
    assert ApiAccess.from_variables(variables).api_key == "k"
    assert ApiAccess.from_variables(variables | {"TRANSACTION_API_KEY": "other"}).api_key == "other"


def test_a_key_file_that_is_no_text_is_refused_without_its_content(tmp_path: Path) -> None:
    variables = {"TRANSACTION_API_URL": "http://one", "TRANSACTION_API_KEY_FILE": str(tmp_path / "key")}
    (tmp_path / "key").write_bytes(b"secret\xff")
    with pytest.raises(ValueError, match=r"KEY_FILE=.*key: can't be read \(UnicodeDecodeError\)") as refused:
        ApiAccess.from_variables(variables)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["TRANSACTION_API_KEY", "TRANSACTION_API_TOKEN"])
@pytest.mark.parametrize("text", ["secret\nX-Other: 1", "secret\u00e9", "secret\x7f"])
def test_a_credential_that_no_header_can_have_is_refused_without_showing_it(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: it has line breaks or characters other than") as refused:
        ApiAccess.from_variables({"TRANSACTION_API_URL": "http://one", name: text})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://", "http://[", "http://a:99999", "ftp://user:secret@a"])
def test_a_url_without_a_possible_host_and_port_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"TRANSACTION_API_URL=.*: set it to the API's address") as refused:
        ApiAccess.from_variables({"TRANSACTION_API_URL": url})
    assert "secret" not in str(refused.value)


def test_a_settings_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TRANSACTION_API_URL=http://one\xff\n")
    with pytest.raises(ValueError, match="is not UTF-8 text"):
        api_access(tmp_path / ".env")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000"])
def test_an_api_without_a_url_is_rejected(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSACTION_API_URL", url)
    with pytest.raises(ValueError, match=f"TRANSACTION_API_URL={url}: set it to the API's address"):
        api_access(tmp_path / "none")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["stream", "--source", "api", "--accounts", "5"], "--accounts: only for the simulated bank"),
        (
            ["stream", "--source", "FILE", "--fraud-share", "0.1"],
            "--fraud-share: only for the simulated bank",
        ),
        (["load", "--source", "FILE", "--seed", "5", "--accounts", "7"], "--seed, --accounts: only for"),
        (["load", "--source", "api", "--count", "5"], "TRANSACTION_API_URL=: set it"),
        (["load", "--source", "api"], "--source api is endless; give --count"),
        (["load"], "--source bank is endless; give --count"),
        (["stream", "--source", "api"], "TRANSACTION_API_URL=: set it"),
        (["stream", "--source", "generator"], "use 'bank', 'api' or an existing file"),
        (["stream", "--speedup", "60", "--rate", "5"], "combined with --rate, INTERVAL or MAX_BATCHES"),
        (["stream", "20", "1", "--start", "2026-01-01T00:00:00Z"], "combined with --rate, INTERVAL"),
        (["stream", "--start", "tomorrow"], "not an RFC 3339 time"),
        (["stream", "--start", "2200-01-01T00:00:00Z"], "give epoch milliseconds from 1970 to 2099"),
    ],
)
def test_options_that_do_not_fit_the_source_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    existing(tmp_path / "a.jsonl")
    said = CliRunner().invoke(app, [word.replace("FILE", "a.jsonl") for word in arguments])
    assert said.exit_code == 2
    assert complaint in " ".join(said.output.replace("│", " ").split())
