import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

import drills.__main__
from drills.__main__ import main
from drills.drill_report import BEGIN, END, fault_table, replace_measured_section, table, to_json
from drills.drill_suite import DrillResults, run
from drills.drill_view import DrillView
from drills.faults import FAULTS
from drills.load import Effort
from drills.verdict import Verdict
from fraudstream.runtime.project_root import ROOT

MACHINE: dict[str, str | int] = {
    "cpu": "a processor",
    "cores": 2,
    "python": "3.11",
    "java": "17",
    "flink": "1.20",
}
GOOD = Verdict(
    name="a_fault", sent=6_000, lost=0, wrong=0, alerts_doubled=7, alerts_with_new_id=0, recovery_s=1.26
)
NO_MOUNT = {"rocksdb_disk_full": "needs the right to mount"}
ONLY_DISK = ("--only", "rocksdb_disk_full")
ONLY_ENDPOINT = ("--only", "endpoint_gone")
PAGE = f"# Page\n\nbefore\n\n{BEGIN}\nold figures\n{END}\n\nafter\n"

command = Typer()
command.command()(main)


def text(of: object) -> str:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(of)
    return console.export_text()


def test_the_file_has_the_fields_that_programs_read() -> None:
    assert to_json(DrillResults([GOOD], {"another": "no cluster"}, {"third": "needs a right"})) == {
        "faults": [
            {
                "name": "a_fault",
                "sent": 6_000,
                "lost": 0,
                "wrong": 0,
                "alerts_doubled": 7,
                "alerts_with_new_id": 0,
                "recovery_s": 1.3,
            }
        ],
        "failures": {"another": "no cluster"},
        "skipped": {"third": "needs a right"},
    }


@pytest.mark.parametrize(
    "bad", [replace(GOOD, lost=1), replace(GOOD, wrong=1), replace(GOOD, alerts_with_new_id=1)]
)
def test_a_fault_with_any_loss_or_error_is_not_survived(bad: Verdict) -> None:
    assert DrillResults([GOOD]).is_survived
    assert not DrillResults([GOOD, bad]).is_survived


def test_a_fault_without_a_verdict_is_not_survived() -> None:
    assert not DrillResults([GOOD], {"another": "no cluster"}).is_survived


def test_the_table_has_a_row_for_each_fault() -> None:
    assert re.search(r"a_fault +│ +6,000 +│ +0 +│ +0 +│ +7 +│ +0 +│ +1\.3", text(table(DrillResults([GOOD]))))


def test_the_page_gets_the_figures_between_its_markers_and_keeps_other_text() -> None:
    results, effort = DrillResults([GOOD]), Effort(transactions=6_000, rate=300)
    page = replace_measured_section(PAGE, results, effort, MACHINE)
    assert page.startswith(f"# Page\n\nbefore\n\n{BEGIN}\n")
    assert page.endswith(f"{END}\n\nafter\n")
    assert "| a_fault | 6,000 | 0 | 0 | 7 | 0 | 1.3 |" in page
    assert "6,000 transactions, 300 per second, on a processor" in page
    assert "old figures" not in page
    assert (
        replace_measured_section(page, DrillResults([GOOD]), Effort(transactions=6_000, rate=300), MACHINE)
        == page
    )


def test_a_page_without_the_markers_is_rejected() -> None:
    with pytest.raises(ValueError, match="put both where the table belongs"):
        replace_measured_section("# Page\n", DrillResults([GOOD]), Effort(), MACHINE)


def test_every_fault_is_listed_and_described() -> None:
    shown = text(fault_table(FAULTS.values()))
    for fault in FAULTS.values():
        assert fault.name in shown
    assert CliRunner().invoke(command, ["--list"]).exit_code == 0


def test_an_unknown_fault_is_rejected_with_the_known_ones() -> None:
    refused = CliRunner().invoke(command, ["--only", "earthquake"])
    assert refused.exit_code == 2
    assert "taskmanager_killed" in refused.output


@pytest.mark.parametrize(
    ("results", "options", "is_page_written"),
    [
        (DrillResults([GOOD]), (), True),
        (DrillResults([GOOD], {"endpoint_gone": "no job"}), (), False),
        (DrillResults([GOOD], skipped=NO_MOUNT), (), False),
        (DrillResults([GOOD]), ONLY_ENDPOINT, False),
    ],
)
def test_the_page_is_written_and_reported_only_if_every_fault_was_judged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    results: DrillResults,
    options: tuple[str, ...],
    *,
    is_page_written: bool,
) -> None:
    page = tmp_path / "drill.md"
    page.write_text(PAGE)
    monkeypatch.setattr(drills.__main__, "PAGE", page)
    monkeypatch.setattr(drills.__main__, "run", lambda *_: results)
    done = CliRunner().invoke(command, ["--out", str(tmp_path / "drill.json"), *options])
    assert ("old figures" not in page.read_text()) is is_page_written
    assert ("docs/drill.md" in done.output) is is_page_written
    assert all(f"skipped: {name} {reason}" in done.output for name, reason in results.skipped.items())
    assert done.exit_code == (1 if results.failures else 0)


@pytest.mark.parametrize(
    ("results", "options", "code"),
    [
        (DrillResults([GOOD], skipped=NO_MOUNT), (), 0),
        (DrillResults([GOOD], skipped=NO_MOUNT), (*ONLY_ENDPOINT, *ONLY_DISK), 1),
        (DrillResults(skipped=NO_MOUNT), ONLY_DISK, 1),
        (DrillResults(skipped=NO_MOUNT), (), 1),
        (DrillResults(), ("--seed", "1", "--rounds", "1"), 1),
    ],
)
def test_a_skipped_fault_fails_the_drill_if_it_was_named_or_nothing_was_judged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    results: DrillResults,
    options: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.setattr(drills.__main__, "run", lambda *_: results)
    files = ("--out", str(tmp_path / "drill.json"), "--rounds-file", str(tmp_path / "rounds.jsonl"))
    assert CliRunner().invoke(command, [*files, *options]).exit_code == code


def test_a_series_whose_rounds_are_all_judged_already_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drills.__main__, "run", lambda *_: DrillResults())
    monkeypatch.setattr(drills.__main__, "left", lambda *_: [])
    files = ("--out", str(tmp_path / "drill.json"), "--rounds-file", str(tmp_path / "rounds.jsonl"))
    assert CliRunner().invoke(command, [*files, "--seed", "1"]).exit_code == 0


def test_a_fault_without_the_right_that_it_needs_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.faults.fault.can_mount", lambda: False)
    needy = [fault for fault in FAULTS.values() if fault.needs]
    results = run(needy, Effort(), DrillView(Console(file=io.StringIO()), len(needy)))
    assert results == DrillResults(skipped=NO_MOUNT)


def test_the_page_has_the_markers_and_names_every_fault() -> None:
    page = (ROOT / "docs" / "drill.md").read_text()
    assert BEGIN in page
    assert END in page
    for name in FAULTS:
        assert f"`{name}`" in page
