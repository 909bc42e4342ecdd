"""No command lets data control the terminal, in whatever form it prints them."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

import alerts.commands.common
from models.__main__ import app as models_app
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_fakes import RetainingKinesis
from tests.unit.alerts.alert_samples import alert, dead_letter, transaction

EVIL = "ACC\x1b[31m\x9b2J\u202e\u2066\u200f1"
ESCAPED_JSON = r"ACC\u001b[31m\u009b2J\u202e\u2066\u200f1"


def evil_alert(number: int) -> bytes:
    """Return an alert whose texts all have control characters, raw where JSON allows that."""
    return alert(number, account_id=EVIL, transaction_id=f"{EVIL}{number}", flags=[EVIL])


@pytest.fixture
def _streams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Replace Kinesis by a stream of an alert, a dead letter and bytes, all with evil texts."""
    kinesis = RetainingKinesis("s0")
    record = orjson.dumps(transaction(1, city=EVIL))
    letter = dead_letter(record, 7, detail=EVIL, reason=EVIL, shard_id=EVIL)
    kinesis.write("s0", evil_alert(1), letter, b"\x1b[2J \xc2\x9b no json")
    monkeypatch.setattr(alerts.commands.common, "kinesis_client", lambda _settings: kinesis.client)
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("ALERTS_REFUSED", str(tmp_path / "refused.jsonl"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.usefixtures("_streams")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("tail", "--idle-seconds", "0"), r"ACC\x1b[31m\x9b2J\u202e"),
        (("tail", "--json", "--idle-seconds", "0"), ESCAPED_JSON),
        (("run", "--idle-seconds", "0"), r"ACC\x1b[31m\x9b2J\u202e"),
        (("run", "--json", "--idle-seconds", "0"), ESCAPED_JSON),
        (("dead", "list", "--since", "2026-01-01T00:00:00Z"), r"ACC\x1b[31m\x9b2J\u202e"),
        (("dead", "list", "--json"), ESCAPED_JSON),
        (("dead", "redrive", "--reason", EVIL, "--dry-run"), ESCAPED_JSON),
        (("dead", "redrive", "00\x1b[2J\u202e"), r"00\x1b[2J\u202e not found"),
    ],
)  # fmt: skip
def test_a_command_that_reads_a_stream_escapes_what_it_prints(
    arguments: tuple[str, ...], expected: str
) -> None:
    done = alerts_command(*arguments)
    assert expected in done.stdout + done.stderr
    assert is_harmless(done.stdout)
    assert is_harmless(done.stderr)


def files_of(folder: Path, *contents: Callable[[int], bytes]) -> list[Path]:
    paths = [folder / f"{number}.jsonl" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content(1) + b"\n")
    return paths


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_comparison_escapes_what_it_prints(tmp_path: Path, option: tuple[str, ...]) -> None:
    other = alert(1, transaction_id=f"\u202e{EVIL}")
    before, after = files_of(tmp_path, evil_alert, lambda _number: other)
    done = alerts_command("diff", before, after, *option)
    assert done.returncode == 1
    assert r"\u202e" in done.stdout
    assert is_harmless(done.stdout)


def test_an_error_about_a_line_of_a_file_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\u202e.jsonl"
    path.write_bytes(b"no json\n")
    done = alerts_command("diff", path, path)
    assert done.returncode == 2
    assert r"a\x1b[2J\u202e.jsonl" in done.stderr
    assert is_harmless(done.stderr)


def test_the_models_commands_escape_their_errors(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\u202e.jsonl"
    path.write_bytes(b"no json\n")
    done = CliRunner().invoke(models_app, ["explain", "--scored", str(path), "--model", str(path)])
    assert done.exit_code == 2
    assert is_harmless(done.stdout + done.stderr)
