"""The settings page is complete and agrees with the settings classes."""

import re

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings

from alerts.alert_settings import AlertSettings
from jobs.job_settings import JobSettings
from localrun import settings_page
from localrun.settings_page import PAGE, SettingsSection
from producer.api.api_settings import ApiSettings


def variables(page: str) -> set[str]:
    """Return the environment variables of the page's rows."""
    cells = re.findall(r"^\| (`.*?`) \|", page, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_the_committed_page_equals_the_generated_one() -> None:
    assert PAGE.read_text() == settings_page.settings_page(), "run `make settings-page`"


def test_each_setting_of_each_program_has_a_row() -> None:
    named = variables(settings_page.settings_page())
    of_aws = {"aws_region", "aws_account_id", "aws_endpoint_url", "localstack_host"}
    assert {name.upper() for name in of_aws} <= named
    assert {f"FRAUDSTREAM_{name.upper()}" for name in JobSettings.model_fields.keys() - of_aws} - named == {
        "FRAUDSTREAM_EMULATOR"  # a group; its parts have rows of their own
    }
    assert {"FRAUDSTREAM_EMULATOR__ENABLED", "FRAUDSTREAM_EMULATOR__POLL_INTERVAL_MS"} <= named
    assert {f"ALERTS_{name.upper()}" for name in AlertSettings.model_fields} <= named
    assert {f"TRANSACTION_API_{name.upper()}" for name in ApiSettings.model_fields} <= named


def test_a_row_has_the_option_the_default_the_limits_and_the_meaning() -> None:
    page = settings_page.settings_page()
    assert (
        "| `FRAUDSTREAM_PARALLELISM` | `--parallelism` | `1` | 1 to 1024 | Parallel slots of the job |"
        in page
    )
    assert "| `FRAUDSTREAM_STATE_BACKEND` | `--state-backend` | `hashmap` | `hashmap`, `rocksdb` |" in page
    assert "| `FRAUDSTREAM_CHECKPOINT_INTERVAL` | `--checkpoint-interval` | `10s` | at least 100ms |" in page
    assert "| `ALERTS_STORE` | `sqlite:build/alerts.sqlite` |" in page


def test_a_setting_without_a_description_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Undescribed(BaseSettings):
        bare: int = Field(1)

    monkeypatch.setattr(settings_page, "SECTIONS", (SettingsSection("Bare", "None.", Undescribed),))
    with pytest.raises(ValueError, match="the setting bare has no description; add one to its Field"):
        settings_page.settings_page()
