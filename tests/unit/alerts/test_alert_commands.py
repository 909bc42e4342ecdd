"""The alerts command line: rejected input, and commands that need no stream."""

from pathlib import Path

import orjson
import pytest

from alerts.commands.diff_command import SHOWN_ROWS
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_samples import alert


@pytest.fixture(autouse=True)
def _files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("ALERTS_REFUSED", str(tmp_path / "refused.jsonl"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("run", "--handler", "webhook"), 1, "--handler webhook needs --to: a URL"),
        (("run", "--name", "a b"), 2, "invalid name 'a b': use 1 to 64"),
        (("run", "--from", "soon"), 2, "invalid start 'soon'"),
        (("tail", "--from", "soon"), 2, "invalid start 'soon'"),
        (("run", "--from", "2999-01-01T00:00:00Z"), 2, "is in the future"),
        (("tail", "--from", "2999-01-01T00:00:00Z"), 2, "is in the future"),
        (("replay", "--from", "2999-01-01T00:00:00Z"), 2, "must be before --until"),
        (("replay", "--from", "then"), 2, "invalid time 'then'"),
        (("dead", "list", "--since", "then"), 2, "invalid time 'then'"),
        (("dead", "redrive"), 2, "no letters selected"),
        (("dead", "redrive", "00", "--patch", "nowhere.json"), 2, "nowhere.json can't be read"),
    ],
)
def test_an_unusable_argument_is_reported_with_the_fix(
    arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    done = alerts_command(*arguments)
    assert done.returncode == code
    assert complaint in " ".join(done.stderr.replace("│", " ").split())


def test_an_invalid_setting_exits_with_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_KEEP_IDS", "1s")
    done = alerts_command("run")
    assert (done.returncode, "ALERTS_KEEP_IDS" in done.stderr) == (2, True)


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_equal_runs_exit_with_code_0(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1), b"", alert(2))
    done = alerts_command("diff", one, one)
    assert (done.returncode, done.stdout) == (0, "2 alerts are the same\n")


def test_different_runs_exit_with_code_1_and_a_table_of_causes(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1), alert(2), alert(4))
    two = written(tmp_path / "two.jsonl", alert(1, score=0.7, model_version="v2"), alert(3), alert(4))
    done = alerts_command("diff", one, two)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "1 alerts are the same\n1 new: only in the second file\n1 gone: only in the first file\n"
    )
    (row,) = [line for line in done.stdout.splitlines() if "T1 " in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "ACC_1/T1",
        "score",
        "0.9731 → 0.7000",
        "model v1 → v2",
    ]


def test_json_differences_have_a_list_for_each_kind(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1), alert(2), alert(4))
    two = written(tmp_path / "two.jsonl", alert(1, score=0.7), alert(3), alert(4, flags=[]))
    done = alerts_command("diff", one, two, "--json")
    summary = orjson.loads(done.stdout)
    assert summary.pop("same") == 0
    assert summary.pop("reviews") == {"same": 0, "new": [], "gone": []}
    assert {
        kind: [(each["account_id"], each["transaction_id"]) for each in found]
        for kind, found in summary.items()
    } == {
        "new": [("ACC_3", "T3")],
        "gone": [("ACC_2", "T2")],
        "score": [("ACC_1", "T1")],
        "other": [("ACC_4", "T4")],
    }


def test_a_long_table_is_truncated_with_a_note(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", *(alert(number) for number in range(SHOWN_ROWS + 7)))
    two = written(tmp_path / "two.jsonl", alert(999))
    done = alerts_command("diff", one, two)
    assert done.stdout.splitlines()[-1] == "8 more; --json prints all"


def test_the_last_of_several_alerts_of_a_transaction_counts(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1, score=0.6), alert(1))
    two = written(tmp_path / "two.jsonl", alert(1))
    assert alerts_command("diff", one, two).returncode == 0


def test_a_line_that_is_not_an_alert_is_reported_with_code_2(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1), b"{}")
    done = alerts_command("diff", one, one)
    assert done.returncode == 2
    assert "one.jsonl, line 2: alert_id: Field required" in done.stderr


def test_terminal_control_characters_in_names_are_escaped(tmp_path: Path) -> None:
    one = written(tmp_path / "one.jsonl", alert(1, transaction_id="T\x1b[2J[red]"))
    done = alerts_command("diff", one, written(tmp_path / "two.jsonl", alert(2)))
    assert r"T\x1b[2J[red]" in done.stdout
    assert "\x1b" not in done.stdout
