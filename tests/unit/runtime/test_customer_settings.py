"""Settings of customers' metadata, alone and as part of a program's settings."""

from datetime import timedelta
from pathlib import Path

import pytest

from fraudstream.runtime.customer_settings import CustomerMetadataSettings
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.web_settings import WebSettings, web_settings_config
from jobs.job_settings import JobSettings


class AServersSettings(CustomerMetadataSettings, WebSettings):
    """Settings of a server that has the metadata's, too."""

    model_config = web_settings_config("A_SERVER_")
    key_command = "python -m a_server key NAME"
    documentation = "docs/decision-api.md"


def load(*arguments: str) -> JobSettings:
    return JobSettings.load(arguments, env_file=None)


def refusal(*arguments: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(*arguments)
    return str(refused.value)


@pytest.mark.parametrize("name", ["c.jsonl", "c.JSON", "c.ndjson.gz", "c.csv", "c.csv.gz"])
def test_a_file_has_one_of_the_known_suffixes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    source = str(tmp_path / name)
    assert load("--customer-metadata", source).customer_metadata == source


def test_a_relative_path_is_whole_for_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.csv").touch()
    monkeypatch.chdir(tmp_path)
    options = CustomerMetadataSettings(customer_metadata="c.csv").customer_options(
        region="r", endpoint_url=None
    )
    assert options is not None
    assert options["source"] == str(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("nowhere.csv", "file not found; give the path of an existing file, or dynamodb:TABLE"),
        ("customers.parquet", "another suffix; give a .jsonl or .csv, also .gz, or dynamodb:TABLE"),
        ("dynamodb:", "'' is not a name of a DynamoDB table; write it like dynamodb:user-metadata"),
        ("dynamodb:a b c", "'a b c' is not a name of a DynamoDB table"),
    ],
)
def test_an_unusable_source_is_refused_by_name_value_and_remedy(source: str, problem: str) -> None:
    message = refusal("--customer-metadata", source)
    assert message.startswith("customer_metadata: ")
    assert problem in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("cache", "0"), ("refresh", "999ms"), ("refresh", "2d"), ("timeout", "0s"), ("timeout", "6s")],
)
def test_a_limit_outside_its_range_is_refused_by_name(name: str, value: str) -> None:
    assert refusal(f"--customer-metadata-{name}", value).startswith(f"customer_metadata_{name}: ")


def test_a_table_keeps_its_refresh_in_a_run_over_files_and_is_waited_for() -> None:
    settings = CustomerMetadataSettings(
        customer_metadata="dynamodb:user-metadata", customer_metadata_timeout=timedelta(milliseconds=5)
    )
    options = settings.customer_options(region="r", endpoint_url="http://e", is_bounded=True)
    assert options == {
        "source": "dynamodb:user-metadata",
        "max_customers": 200_000,
        "refresh_ms": 60_000,
        "timeout_ms": 5_000,
        "region": "r",
        "endpoint": "http://e",
    }


def test_without_metadata_the_kernel_gets_none() -> None:
    assert CustomerMetadataSettings().customer_options(region="r", endpoint_url=None) is None


def test_the_metadata_are_another_file_than_the_jobs_other_ones(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    file = str(tmp_path / "in.jsonl")
    out = str(tmp_path / "out.jsonl")
    message = refusal("--source", file, "--features-out", out, "--customer-metadata", file)
    assert message.startswith("source and customer_metadata are the same file")


def test_the_setting_is_read_from_the_environment_under_the_programs_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAUDSTREAM_CUSTOMER_METADATA", "dynamodb:user-metadata")
    assert load().customer_metadata == "dynamodb:user-metadata"


def test_a_servers_settings_have_the_same_names_under_its_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SERVER_CUSTOMER_METADATA", "dynamodb:user-metadata")
    monkeypatch.setenv("A_SERVER_CUSTOMER_METADATA_TIMEOUT", "20ms")
    monkeypatch.setenv("A_SERVER_AUTH", "off")
    found = AServersSettings.load(env_file=None)
    assert found.customer_metadata == "dynamodb:user-metadata"
    assert found.customer_metadata_timeout == timedelta(milliseconds=20)
