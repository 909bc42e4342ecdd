import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from fraudstream.runtime.aws_credentials import CREDENTIAL_NAMES, export_aws_credentials
from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings

OWN_NAMES = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCOUNT_ID", "LOCALSTACK_HOST"),
    *CREDENTIAL_NAMES,
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove settings of the environment; variables that a test exports are undone afterwards."""
    for name in [*OWN_NAMES, *(name for name in os.environ if name.startswith("FRAUDSTREAM_"))]:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(name="env_file")
def fixture_env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.fixture(name="properties_file")
def fixture_properties_file(tmp_path: Path) -> Path:
    return tmp_path / "application_properties.json"


def write_properties(path: Path, properties: dict[str, str], group: str = "fraudstream") -> None:
    other = {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": {"python": "main.py"}}
    path.write_text(json.dumps([other, {"PropertyGroupId": group, "PropertyMap": properties}]))


def refusal(*arguments: str, env_file: Path | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        JobSettings.load(arguments, env_file=env_file)
    return str(refused.value)


# ---- sources of a setting ----


def test_without_any_source_the_defaults_apply() -> None:
    settings = JobSettings.load(env_file=None)
    assert settings.parallelism == 1
    assert settings.aws_region == "ap-southeast-1"
    assert settings.transactions_stream == "Transactions"
    assert settings.endpoint_url is None
    assert not settings.is_emulator


def test_each_source_takes_precedence_over_the_previous_one(
    monkeypatch: pytest.MonkeyPatch, env_file: Path, properties_file: Path
) -> None:
    def parallelism(*arguments: str) -> int:
        return JobSettings.load(arguments, env_file=env_file, properties_file=properties_file).parallelism

    monkeypatch.setenv("FRAUDSTREAM_PARALLELISM", "3")
    assert parallelism() == 3
    env_file.write_text("FRAUDSTREAM_PARALLELISM=4\n")
    assert parallelism() == 4
    write_properties(properties_file, {"parallelism": "5"})
    assert parallelism() == 5
    assert parallelism("--parallelism", "6") == 6


def test_aws_variables_follow_the_same_precedence(
    monkeypatch: pytest.MonkeyPatch, env_file: Path, properties_file: Path
) -> None:
    def region(*arguments: str) -> str:
        return JobSettings.load(arguments, env_file=env_file, properties_file=properties_file).aws_region

    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert region() == "us-east-1"
    env_file.write_text("AWS_DEFAULT_REGION=eu-west-1\n")
    assert region() == "eu-west-1"
    write_properties(properties_file, {"aws_region": "us-west-2"})
    assert region() == "us-west-2"
    assert region("--aws-region", "sa-east-1") == "sa-east-1"


def test_sources_are_merged_field_by_field_in_nested_settings_too(
    monkeypatch: pytest.MonkeyPatch, env_file: Path
) -> None:
    monkeypatch.setenv("FRAUDSTREAM_EMULATOR__POLL_INTERVAL_MS", "33")
    env_file.write_text("FRAUDSTREAM_EMULATOR__ENABLED=true\n")
    emulator = JobSettings.load(env_file=env_file).emulator
    assert (emulator.enabled, emulator.poll_interval_ms) == (True, 33)


def test_a_dotted_property_sets_a_part_of_a_setting(properties_file: Path) -> None:
    write_properties(properties_file, {"emulator.poll_interval_ms": "77", "allowed_lateness": "2h"})
    settings = JobSettings.load(env_file=None, properties_file=properties_file)
    assert settings.emulator.poll_interval_ms == 77
    assert settings.allowed_lateness == timedelta(hours=2)


def test_other_property_groups_are_ignored(properties_file: Path) -> None:
    write_properties(properties_file, {"parallelism": "5"}, group="someone.else")
    assert JobSettings.load(env_file=None, properties_file=properties_file).parallelism == 1


@pytest.mark.parametrize("text", ["[", '{"a": 1}', "[1]", '[{"PropertyGroupId": "fraudstream"}]'])
def test_a_broken_properties_file_is_rejected_by_name(properties_file: Path, text: str) -> None:
    properties_file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        JobSettings.load(env_file=None, properties_file=properties_file)
    assert str(properties_file) in str(refused.value)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
    monkeypatch.setenv("FRAUDSTREAM_PARALLELISM", "3")
    env_file.write_text("FRAUDSTREAM_PARALLELISM=\n")
    assert JobSettings.load(env_file=env_file).parallelism == 3


# ---- names ----

FOREIGN = (
    "AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=s3cret\nAWS_SESSION_TOKEN=tok3n\n"
    "PATH_TO_X=/x\nparallelism=9\n"
)


def test_names_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
    env_file.write_text(FOREIGN)
    monkeypatch.setenv("PARALLELISM", "9")
    assert JobSettings.load(env_file=env_file) == JobSettings.load(env_file=None)
    assert JobSettings.load(env_file=env_file).parallelism == 1


MISSPELT = [
    "FRAUDSTREAM_PARALELISM",
    "FRAUDSTREAM_EMULATOR_ENABLED",
    "FRAUDSTREAM_PARALLELISM__X",
    "FRAUDSTREAM_AWS_ACCESS_KEY_ID",
]


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_name_with_our_prefix_is_rejected_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert refusal() == f"{name}: unknown setting; see --help for the list"


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_name_with_our_prefix_is_rejected_from_the_env_file(env_file: Path, name: str) -> None:
    env_file.write_text(FOREIGN + f"{name}=1\n")
    assert refusal(env_file=env_file) == f"{name}: unknown setting; see --help for the list"


def test_a_misspelt_part_of_a_setting_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDSTREAM_EMULATOR__POLL", "1")
    assert refusal().startswith("emulator.poll: unknown setting")


def test_a_misspelt_property_is_rejected(properties_file: Path) -> None:
    write_properties(properties_file, {"paralelism": "1"})
    with pytest.raises(SettingsError, match="paralelism: unknown setting"):
        JobSettings.load(env_file=None, properties_file=properties_file)


def test_a_misspelt_option_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        JobSettings.load(["--paralelism", "1"], env_file=None)
    assert "--paralelism" in capsys.readouterr().err


# ---- values ----


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("PARALLELISM", "0", "parallelism: '0' can't be used: Input should be greater than or equal to 1"),
        ("PARALLELISM", "many", "parallelism: 'many' can't be used: Input should be a valid integer"),
        (
            "ALLOWED_LATENESS",
            "1 day",
            "allowed_lateness: '1 day' can't be used: invalid duration '1 day': w",
        ),
        ("ALLOWED_LATENESS", "31d", "allowed_lateness: '31d' can't be used: Input should be less than"),
        ("CHECKPOINT_INTERVAL", "99ms", "checkpoint_interval: '99ms' can't be used: Input should be greater"),
        ("ALERT_THRESHOLD", "1.1", "alert_threshold: '1.1' can't be used: Input should be less than or"),
        ("ALERTS_STREAM", "a b", "alerts_stream: 'a b' can't be used: String should match pattern"),
        ("SCORED_STREAM", "a b", "scored_stream: 'a b' can't be used: String should match pattern"),
        ("START_POSITION", "NOW", "start_position: 'NOW' can't be used: invalid start 'NOW': use TRIM_HOR"),
        (
            "START_POSITION",
            "2999-01-01T00:00:00Z",
            "start_position: '2999-01-01T00:00:00Z' can't be used: the start '2999-01-01T00:00:00Z' is in",
        ),
        ("START_POSITION", "1969-12-31T23:59:59Z", "is before 1970: use TRIM_HORIZON for the oldest record"),
        ("SHARD_POLL_INTERVAL_MS", "199", "shard_poll_interval_ms: '199' can't be used: Input should be"),
        ("MAX_RECORD_BYTES", "1048577", "max_record_bytes: '1048577' can't be used: Input should be less"),
        (
            "CATALOGUE",
            "/no/such.json",
            "can't be used: file not found; give the path of an existing file",
        ),
        ("EMULATOR__POLL_INTERVAL_MS", "9", "emulator.poll_interval_ms: '9' can't be used: Input should be"),
        (
            "EMULATOR__ENABLED",
            "perhaps",
            "emulator.enabled: 'perhaps' can't be used: Input should be a valid",
        ),
        ("EMULATOR", "yes", 'value for field "emulator"'),
    ],
)
def test_an_invalid_value_is_rejected_with_field_value_and_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(f"FRAUDSTREAM_{name}", value)
    message = refusal()
    assert remedy in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("AWS_REGION", "moon", "aws_region: 'moon' can't be used"),
        ("AWS_ACCOUNT_ID", "1234", "The 12 digits of the account that owns the streams"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566", "like http://127.0.0.1:4566"),
    ],
)
def test_an_invalid_aws_value_is_rejected_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    assert remedy in refusal()


def test_all_errors_are_reported_at_once() -> None:
    message = refusal("--parallelism", "0", "--bundle-size", "0")
    assert [line.split(":")[0] for line in message.splitlines()] == ["parallelism", "bundle_size"]


def test_settings_are_immutable() -> None:
    settings = JobSettings.load(env_file=None)
    with pytest.raises(ValueError, match="frozen"):
        settings.parallelism = 3  # type: ignore[misc] # that is the point


# ---- endpoints ----


@pytest.mark.parametrize(
    ("environment", "endpoint_url", "is_emulator"),
    [
        ({}, None, False),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, "http://127.0.0.1:5000", True),
        ({"AWS_ENDPOINT_URL": "https://kinesis.example"}, "https://kinesis.example", False),
        ({"LOCALSTACK_HOST": "localstack"}, "http://localstack:4566", True),
        ({"LOCALSTACK_HOST": "localstack:4510"}, "http://localstack:4510", True),
        (
            {"LOCALSTACK_HOST": "localstack", "AWS_ENDPOINT_URL": "https://kinesis.example"},
            "https://kinesis.example",
            False,
        ),
        (
            {"AWS_ENDPOINT_URL": "https://localhost.localstack.cloud", "FRAUDSTREAM_EMULATOR__ENABLED": "1"},
            "https://localhost.localstack.cloud",
            True,
        ),
        (
            {"AWS_ENDPOINT_URL": "http://proxy", "FRAUDSTREAM_EMULATOR__ENABLED": "false"},
            "http://proxy",
            False,
        ),
    ],
)
def test_an_endpoint_is_recognised_as_aws_or_an_emulator(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    endpoint_url: str | None,
    is_emulator: bool,  # noqa: FBT001 - a table's column
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = JobSettings.load(env_file=None)
    assert settings.endpoint_url == endpoint_url
    assert settings.is_emulator is is_emulator


# ---- credentials ----


def test_the_settings_contain_no_secret(monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
    env_file.write_text(FOREIGN)
    for name in CREDENTIAL_NAMES:
        monkeypatch.setenv(name, "s3cret")
    settings = JobSettings.load(env_file=env_file)
    table = dict(settings.table())
    assert table["parallelism"] == "1"
    assert set(table) == set(JobSettings.model_fields)
    for text in (str(table), repr(settings), settings.model_dump_json()):
        assert "s3cret" not in text
        assert "tok3n" not in text


def credentials() -> dict[str, str]:
    return {name: os.environ[name] for name in CREDENTIAL_NAMES if name in os.environ}


def test_the_credentials_of_the_env_file_are_exported_to_the_environment(
    env_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    env_file.write_text(FOREIGN)
    export_aws_credentials(env_file)
    assert credentials() == {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_SESSION_TOKEN": "tok3n",
    }
    assert "PATH_TO_X" not in os.environ
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The file wins as a whole: no token of another identity remains.
        (
            "AWS_ACCESS_KEY_ID=new\nAWS_SECRET_ACCESS_KEY=new",
            {"AWS_ACCESS_KEY_ID": "new", "AWS_SECRET_ACCESS_KEY": "new"},
        ),
        # Keys in the environment would take precedence over a profile.
        ("AWS_PROFILE=bank", {"AWS_PROFILE": "bank"}),
        ("AWS_ACCESS_KEY_ID=\nOTHER=1", dict.fromkeys(CREDENTIAL_NAMES, "old")),
        ("", dict.fromkeys(CREDENTIAL_NAMES, "old")),
        (None, dict.fromkeys(CREDENTIAL_NAMES, "old")),
    ],
)
def test_the_env_files_credentials_win_completely_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, env_file: Path, text: str | None, expected: dict[str, str]
) -> None:
    for name in CREDENTIAL_NAMES:
        monkeypatch.setenv(name, "old")
    if text is not None:
        env_file.write_text(text)
    export_aws_credentials(env_file)
    assert credentials() == expected
