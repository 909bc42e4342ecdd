import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.command_line import COMMANDS, EXAMPLES, main
from fraudstream.domain.alert import Alert
from fraudstream.runtime.project_root import ROOT
from tests.unit.alerts.alert_samples import alert


def fraudstream(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in the checkout, as its script does."""
    return subprocess.run(
        [sys.executable, "-m", "fraudstream", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("option", ["--help", "-h", "help"])
def test_help_lists_each_command_on_one_line_and_gives_examples(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([option]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, command in COMMANDS.items():
        assert [line.split() for line in lines].count([name, *command.summary.split()]) == 1
    assert all(len(line) <= 100 for line in lines)
    assert {f"  {example}" for example in EXAMPLES} <= set(lines)


def test_examples_use_commands_that_exist() -> None:
    assert all(example.split()[0] == "fraudstream" for example in EXAMPLES)
    assert {example.split()[1] for example in EXAMPLES} <= COMMANDS.keys()


def test_without_a_command_it_prints_its_help_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Usage: fraudstream COMMAND")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("alert", "did you mean `fraudstream alerts`?"),
        ("produces", "did you mean `fraudstream produce`?"),
        ("hlep", "did you mean `fraudstream help`?"),
        ("xyz", "see `fraudstream --help`"),
    ],
)
def test_an_unknown_command_suggests_the_nearest_one(
    name: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name]) == 2
    assert capsys.readouterr().err == f"error: unknown command '{name}'; {hint}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_a_module_that_runs_as_a_program(name: str) -> None:
    module = COMMANDS[name].module
    spec = importlib.util.find_spec(module)
    assert spec is not None
    if spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{module}.__main__")
    assert spec is not None
    assert spec.origin is not None
    assert '\nif __name__ == "__main__":\n' in Path(spec.origin).read_text()


IMPORTED = """
import sys
before = set(sys.modules)
import fraudstream.command_line
print(*set(sys.modules) - before)
"""


def test_its_help_imports_no_program_and_no_third_party_package() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "fraudstream" in imported
    assert imported - {"fraudstream"} <= sys.stdlib_module_names


def test_a_program_shows_its_own_help_under_its_command_name() -> None:
    done = fraudstream("streams", "archive", "--help")
    assert done.returncode == 0
    assert "Usage: fraudstream streams archive [OPTIONS]" in done.stdout


def test_the_job_shows_its_own_help_under_its_command_name_too() -> None:
    done = fraudstream("job", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: fraudstream job [-h]")
    assert "--alert-threshold" in done.stdout


def test_a_programs_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    nothing, one = tmp_path / "nothing.jsonl", tmp_path / "one.jsonl"
    nothing.touch()
    one.write_text(Alert.from_json(alert(number=1)).to_json())
    assert fraudstream("alerts", "diff", nothing, nothing).returncode == 0
    assert fraudstream("alerts", "diff", nothing, one).returncode == 1
    assert fraudstream("alerts", "diff", nothing, tmp_path / "none.jsonl").returncode == 2
