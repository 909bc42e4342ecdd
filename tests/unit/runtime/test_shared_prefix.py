"""Programs share the prefix FRAUDSTREAM_: each ignores other names, and rejects misspelt ones of its own."""

import os
from pathlib import Path

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.stream_settings import StreamSettings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FRAUDSTREAM_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("name", ["PARALLELISM", "LABEL_FEEDBACK", "ALERTS_OUT", "EMULATOR_OF_MINE"])
def test_a_name_of_another_program_is_ignored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"FRAUDSTREAM_{name}", "anything")
    assert StreamSettings.load(env_file=None).alerts_stream == "Alerts"


@pytest.mark.parametrize("name", ["ALERT_STREAM", "ALERTS_STREAMS", "TRANSACTION_STREAM"])
def test_a_misspelt_name_of_its_own_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"FRAUDSTREAM_{name}", "Alarms")
    with pytest.raises(SettingsError, match=f"FRAUDSTREAM_{name}: unknown setting"):
        StreamSettings.load(env_file=None)


def test_the_env_file_follows_the_same_rules(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FRAUDSTREAM_PARALLELISM=4\nFRAUDSTREAM_ALERTS_STREAM=Alarms\nEDITOR=vi\n")
    assert StreamSettings.load(env_file=file).alerts_stream == "Alarms"
    file.write_text("FRAUDSTREAM_ALERT_STREAM=Alarms\n")
    with pytest.raises(SettingsError, match="FRAUDSTREAM_ALERT_STREAM: unknown setting"):
        StreamSettings.load(env_file=file)


def test_a_part_of_a_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDSTREAM_EMULATOR__POLL_INTERVAL_MS", "50")
    monkeypatch.setenv("FRAUDSTREAM_EMULATOR__ENABLED", "true")
    assert StreamSettings.load(env_file=None).poll_interval_ms == 50
