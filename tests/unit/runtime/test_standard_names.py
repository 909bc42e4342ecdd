"""Standard names in the environment and `.env`, beside those with the project's prefix."""

import os
from pathlib import Path

import pytest

from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.stream_settings import StreamSettings
from jobs.job_settings import JobSettings
from producer.api.api_settings import ApiSettings
from producer.record_source import api_access

OWN = "FRAUDSTREAM_TRANSACTIONS_STREAM"
SECOND = "KINESIS_STREAM_NAME"


@pytest.fixture(autouse=True)
def _no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (OWN, SECOND):
        monkeypatch.delenv(name, raising=False)


def job_stream(env_file: Path | None, *arguments: str) -> str:
    return JobSettings.load(arguments, env_file=env_file).transactions_stream


@pytest.mark.parametrize("name", [OWN, SECOND])
def test_the_producer_and_the_job_read_the_same_stream_by_either_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{name}=Payments\n")
    assert StreamSettings.load(env_file=file).transactions_stream == job_stream(file) == "Payments"
    monkeypatch.setenv(name, "Transfers")
    assert StreamSettings.load(env_file=None).transactions_stream == job_stream(None) == "Transfers"
    assert job_stream(file) == "Payments"


def test_the_command_line_wins_over_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECOND, "Payments")
    assert job_stream(None, "--transactions-stream", "Transfers") == "Transfers"


def test_both_names_may_have_the_same_value_or_one_may_be_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{OWN}=Payments\n{SECOND}=Payments\n")
    assert StreamSettings.load(env_file=file).transactions_stream == "Payments"
    file.write_text(f"{OWN}=\n{SECOND}=Payments\n")
    assert StreamSettings.load(env_file=file).transactions_stream == "Payments"
    monkeypatch.setenv(OWN, "Payments")
    assert StreamSettings.load(env_file=file).transactions_stream == "Payments"


@pytest.mark.parametrize("in_file", [(OWN,), (SECOND,), (OWN, SECOND), ()])
def test_two_names_with_different_values_are_an_error_with_both(
    in_file: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {OWN: "Payments", SECOND: "Transfers"}
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={values[name]}\n" for name in in_file))
    for name in set(values) - set(in_file):
        monkeypatch.setenv(name, values[name])
    for load in (StreamSettings.load, lambda *, env_file: JobSettings.load(env_file=env_file)):
        with pytest.raises(SettingsError, match=f"{OWN}='Payments' and {SECOND}='Transfers'.* remove one"):
            load(env_file=file)


def test_an_invalid_name_is_reported_with_the_value_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECOND, "no stream")
    with pytest.raises(SettingsError, match="transactions_stream: 'no stream' can't be used"):
        StreamSettings.load(env_file=None)


def test_one_env_file_of_standard_names_serves_the_producer_the_job_and_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
        "AWS_SECRET_ACCESS_KEY=not-a-secret\n"
        "AWS_DEFAULT_REGION=eu-west-1\n"
        "KINESIS_STREAM_NAME=Payments\n"
        "TRANSACTION_API_URL=http://localhost:8000\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "before")
    export_aws_credentials(file)
    assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAIOSFODNN7EXAMPLE"
    for settings in (StreamSettings.load(env_file=file), JobSettings.load(env_file=file)):
        assert (settings.aws_region, settings.transactions_stream) == ("eu-west-1", "Payments")
    assert api_access(file).url == "http://localhost:8000"
    assert ApiSettings.load(env_file=file, auth="off").batch_size == 1
