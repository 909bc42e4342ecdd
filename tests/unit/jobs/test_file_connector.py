"""Inputs and outputs of a job over files, by its settings."""

from pathlib import Path

import pytest

from jobs.connectors.file_connector import FileConnector
from jobs.job_settings import JobSettings


def connector(*arguments: object) -> FileConnector:
    return FileConnector(JobSettings.load(["--source", __file__, *map(str, arguments)], env_file=None))


def test_each_output_has_its_sink(tmp_path: Path) -> None:
    outputs = connector("--features-out", tmp_path / "f", "--scores-out", tmp_path / "s")
    assert outputs.sinks == ("scored_transactions", "features")
    outputs = connector("--alerts-out", tmp_path / "a", "--dead-letters-out", tmp_path / "d")
    assert outputs.sinks == ("dead_letters", "alerts")


def test_event_times_are_not_checked_by_the_clock_and_outputs_are_files(tmp_path: Path) -> None:
    options = connector("--features-out", tmp_path / "f").kernel_options
    assert options.future_tolerance_ms == -1
    assert options.writes_files
    assert not options.is_labelled


def test_with_labels_each_line_carries_its_kind(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").touch()
    labelled = connector("--features-out", tmp_path / "f", "--labels", tmp_path / "labels.jsonl")
    assert labelled.has_labels
    assert labelled.kernel_options.is_labelled


def test_a_rate_limit_starts_with_its_ramp(tmp_path: Path) -> None:
    paced = connector("--features-out", tmp_path / "f", "--source-rate", 250, "--source-ramp", "3s")
    options = paced.kernel_options
    assert (options.transactions_per_second, options.ramp_ms) == (250.0, 3_000)
    assert connector("--features-out", tmp_path / "f").kernel_options.transactions_per_second == 0


def test_settings_without_a_source_file_are_rejected() -> None:
    with pytest.raises(ValueError, match="have no source file"):
        FileConnector(JobSettings.load(env_file=None))
