import pytest
import typer
from typer.testing import CliRunner

from fraudstream.runtime.command_app import CommandApp
from producer.duplicate_options import DoubledAlias, DuplicatesOption

app = CommandApp()


@app.command()
def _send(duplicates: DuplicatesOption = 0, doubled: DoubledAlias = 0) -> None:
    typer.echo(duplicates or doubled)


@pytest.mark.parametrize("option", ["--duplicates", "--doubled"])
def test_the_old_name_of_the_option_still_works(option: str) -> None:
    assert CliRunner().invoke(app, [option, "3"]).output == "3\n"


def test_the_help_lists_the_new_name_only() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert "--duplicates" in listed
    assert "--doubled" not in listed
