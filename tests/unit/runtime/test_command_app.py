import re

import pytest
from typer.testing import CliRunner

from fraudstream.runtime.command_app import CommandApp, flowing
from fraudstream.runtime.project_root import ROOT


def test_the_lines_of_a_paragraph_are_joined_and_paragraphs_stay_apart() -> None:
    assert (
        flowing("First.\n\n    Second\n    goes on.\n\n    Third.\n    ")
        == "First.\n\nSecond goes on.\n\nThird."
    )


def test_the_help_of_a_command_wraps_at_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    app = CommandApp()

    @app.command()
    def _count() -> None:
        """Count.

        A paragraph that is
        two lines in the source.
        """

    monkeypatch.setenv("COLUMNS", "100")
    assert "A paragraph that is two lines in the source." in CliRunner().invoke(app, ["--help"]).output


def test_every_program_uses_the_application_with_flowing_help() -> None:
    sources = [path for path in ROOT.glob("[a-z]*/**/*.py") if path.relative_to(ROOT).parts[0] != "tests"]
    assert len(sources) > 100
    assert [path for path in sources if re.search(r"\btyper\.(run|Typer)\(", path.read_text())] == []
