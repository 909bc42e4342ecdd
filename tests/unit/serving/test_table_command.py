"""The command that fills the transaction table refuses what it can't work with, before it reads anything."""

import pytest
import typer

from serving.transaction_table.__main__ import main


def refused(capsys: pytest.CaptureFixture[str], **options: str) -> str:
    with pytest.raises(typer.Exit) as raised:
        main(**options)  # type: ignore[arg-type] # texts only
    assert raised.value.exit_code == 2
    return capsys.readouterr().err


def test_without_a_table_it_names_the_setting_and_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert "set DECISION_API_TRANSACTION_TABLE, or give --table" in refused(capsys)


def test_a_name_that_no_table_can_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "DECISION_API_TRANSACTION_TABLE: 'a b' can't be used" in refused(capsys, table="a b")


def test_a_retention_of_less_than_a_day_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISION_API_TRANSACTION_RETENTION", "1h")
    assert "DECISION_API_TRANSACTION_RETENTION: '1h' can't be used" in refused(capsys, table="Table")


def test_other_settings_of_the_service_are_left_to_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISION_API_PORT", "8001")
    assert "DECISION_API_PORT" not in refused(capsys)


def test_a_start_that_is_no_time_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="invalid start 'soon'"):
        main(table="Table", start="soon")
