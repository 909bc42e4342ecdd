"""The settings of the profile store, and what the kernel gets of them."""

from pathlib import Path

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from jobs import profile_options as module
from jobs.job_settings import JobSettings
from jobs.profile_options import profile_jars, profile_options


def load(*arguments: str) -> JobSettings:
    return JobSettings.load(arguments, env_file=None)


def test_without_a_store_there_are_no_options_and_no_jar() -> None:
    assert profile_options(load(), epoch_ms=7) is None
    assert profile_jars(load(), is_on_cluster=False) == ()


def test_the_kernel_gets_the_url_the_interval_and_the_epoch() -> None:
    settings = load("--profile-store", "redis://:secret@host:6379/0", "--profile-interval", "200ms")
    options = profile_options(settings, epoch_ms=7)
    assert options is not None
    assert options["url"] == "redis://:secret@host:6379/0"
    assert (options["interval_ms"], options["epoch_ms"], options["rebuild"]) == (200, 7, False)


def test_a_table_is_in_the_region_and_at_the_endpoint_of_the_settings() -> None:
    settings = JobSettings(profile_store="dynamodb:profiles", aws_endpoint_url="http://127.0.0.1:1")
    options = profile_options(settings, epoch_ms=7)
    assert options is not None
    assert options["options"] == {"aws.region": "ap-southeast-1", "aws.endpoint": "http://127.0.0.1:1"}


def test_a_file_is_the_same_one_in_whatever_folder_a_task_runs() -> None:
    options = profile_options(load("--profile-store", "sqlite:some/profiles.db"), epoch_ms=7)
    assert options is not None
    assert options["url"] == f"sqlite:{Path.cwd() / 'some' / 'profiles.db'}"


def test_an_invalid_url_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match=r"profile_store.*sqlite:PATH") as caught:
        load("--profile-store", "mysql://user:secret@host/db")
    assert "secret" not in str(caught.value)


def test_a_rebuild_needs_a_store() -> None:
    with pytest.raises(SettingsError, match="profile_rebuild needs a store: give --profile-store too"):
        load("--profile-rebuild", "true")


@pytest.mark.parametrize("interval", ["99ms", "61s"])
def test_the_interval_has_limits(interval: str) -> None:
    with pytest.raises(SettingsError, match="profile_interval"):
        load("--profile-interval", interval)


def test_the_table_of_settings_hides_the_url() -> None:
    settings = load("--profile-store", "redis://:secret@host:6379/0")
    assert "secret" not in str(settings.table())


def test_a_missing_jar_is_an_error_only_where_nothing_else_can_have_the_drivers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "JARS", (tmp_path / "missing.jar",))
    settings = load("--profile-store", "sqlite:profiles.db")
    assert profile_jars(settings, is_on_cluster=True) == ()
    with pytest.raises(SettingsError, match="run `make setup`"):
        profile_jars(settings, is_on_cluster=False)
