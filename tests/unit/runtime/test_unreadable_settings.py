"""Settings files that can't be read, and values that no setting can have: errors in words, no secrets."""

import json
import os
from pathlib import Path
from unittest import mock

import pytest

from fraudstream.runtime.aws_credentials import CREDENTIAL_NAMES, export_aws_credentials
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.stream_settings import StreamSettings
from jobs.job_settings import JobSettings

SECRET = "0123456789abcdef0123456789abcdef"
UNREADABLE = Path("/proc/self/mem")
"""A file in which nobody can read the first byte, not even root."""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(name for name in os.environ if name.startswith("FRAUDSTREAM_")), "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(name, raising=False)


def refusal(path: Path | None = None, *arguments: str, properties: Path = Path("none")) -> str:
    with pytest.raises(SettingsError) as refused:
        JobSettings.load(arguments, env_file=path, properties_file=properties)
    return str(refused.value)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"FRAUDSTREAM_HASH_KEY=" + SECRET.encode() + b"\xff\n", "is not UTF-8 text: save it as UTF-8"),
        ("FRAUDSTREAM_PARALLELISM=4".encode("utf-16"), "is not UTF-8 text"),
        ("FRAUDSTREAM_PARALLELISM=4".encode("utf-16-le"), None),
        (b"FRAUDSTREAM_CATALOGUE=a\0b", "has null characters: save it as UTF-8 text"),
        (b"AWS_ACCESS_KEY_ID=a\0b", "has null characters"),
    ],
)
def test_a_settings_file_that_is_no_text_is_refused_by_its_name(
    tmp_path: Path, content: bytes, complaint: str | None
) -> None:
    path = written(tmp_path / ".env", content)
    message = refusal(path)
    assert message.startswith(str(path))
    assert complaint is None or complaint in message
    assert SECRET not in message
    with mock.patch.dict(os.environ, AWS_PROFILE="mine"), pytest.raises(SettingsError) as refused:
        export_aws_credentials(path)
    assert str(refused.value) == message


def test_a_settings_file_that_cannot_be_read_is_refused_with_the_reason() -> None:
    assert "/proc/self/mem can't be read (Input/output error)" in refusal(UNREADABLE)
    with pytest.raises(SettingsError, match="can't be read"):
        export_aws_credentials(UNREADABLE)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", "FRAUDSTREAM_PARALLELISM=4".encode("utf-8-sig"))
    assert JobSettings.load(env_file=path).parallelism == 4
    written(path, "AWS_PROFILE=other".encode("utf-8-sig"))
    with mock.patch.dict(os.environ, dict.fromkeys(CREDENTIAL_NAMES, "x")):
        export_aws_credentials(path)
        assert os.environ["AWS_PROFILE"] == "other"
        assert "AWS_SESSION_TOKEN" not in os.environ


def test_a_quote_that_is_not_closed_is_refused_without_the_lines_behind_it(tmp_path: Path) -> None:
    for name in ("PARALLELISM", "ALLOWED_LATENESS", "EMULATOR__ENABLED"):
        path = written(
            tmp_path / ".env", f"FRAUDSTREAM_{name}='4\nFRAUDSTREAM_HASH_KEY={SECRET}\nA='\n".encode()
        )
        message = refusal(path)
        assert "has several lines: close its quote" in message
        assert SECRET not in message


@pytest.mark.parametrize("name", CREDENTIAL_NAMES)
@pytest.mark.parametrize(
    "value",
    [f"'AKIA\nAWS_SECRET_ACCESS_KEY={SECRET}\nA='", f'"{SECRET}\\r"', f'"{SECRET}\u2028x"', f"{SECRET}\x7f"],
    ids=["open quote", "carriage return", "line separator", "delete"],
)
def test_a_credential_with_an_unprintable_character_is_refused_by_its_name_alone(
    tmp_path: Path, name: str, value: str
) -> None:
    path = written(tmp_path / ".env", f"{name}={value}\n".encode())
    with mock.patch.dict(os.environ, {"AWS_PROFILE": "mine"}):
        before = dict(os.environ)
        with pytest.raises(SettingsError) as refused:
            export_aws_credentials(path)
        assert dict(os.environ) == before
    assert str(refused.value) == (
        f"{path}: {name} has a line end or another unprintable character: write it on one line, "
        "and close its quote there"
    )


def test_a_properties_file_that_is_no_text_is_refused_without_its_content(tmp_path: Path) -> None:
    group = {"PropertyGroupId": "fraudstream", "PropertyMap": {"hash_key": SECRET}}
    message = refusal(properties=written(tmp_path / "p.json", json.dumps([group]).encode() + b"\xff"))
    assert "is not a list of property groups (UnicodeDecodeError" in message
    assert SECRET not in message
    assert "(OSError" in refusal(properties=UNREADABLE)
    assert "(RecursionError" in refusal(properties=written(tmp_path / "p.json", b"[" * 100_000))


def test_a_value_that_is_nested_too_deep_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / ".env", b"FRAUDSTREAM_EMULATOR=" + b"[" * 100_000)
    assert "set each nested value by its own name" in refusal(path)


def test_a_duration_that_is_longer_than_any_is_refused() -> None:
    for text in ("1000000000d", "9" * 30 + "s"):
        assert f"allowed_lateness: '{text}' can't be used: it is longer than 999999999 days" in refusal(
            None, "--allowed-lateness", text
        )


@pytest.mark.parametrize("option", ["catalogue", "source", "labels", "alerts-out", "features-out"])
def test_a_path_that_cannot_be_looked_up_is_refused_with_the_reason(tmp_path: Path, option: str) -> None:
    long = str(tmp_path / ("x" * 300))
    assert "can't be looked up (File name too long)" in refusal(None, f"--{option}", long)


def test_an_output_that_links_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "leads to itself" in refusal(None, "--alerts-out", str(tmp_path / "a" / "alerts.jsonl"))


@pytest.mark.parametrize("url", ["http://a:99999", "http://a:b", "http://:80", "http://[::1", "http://a:0"])
def test_an_endpoint_without_a_possible_host_and_port_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(SettingsError, match=r"aws_endpoint_url: 'http://.* can't be used"):
        StreamSettings.load(env_file=None)


def test_an_endpoint_may_have_an_address_of_ip_version_6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://[::1]:4566/")
    assert StreamSettings.load(env_file=None).endpoint_url == "http://[::1]:4566/"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("LOCALSTACK_HOST", "localstack:0")
    with pytest.raises(SettingsError, match="localstack_host: 'localstack:0' can't be used"):
        StreamSettings.load(env_file=None)
