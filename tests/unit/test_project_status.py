"""docs/project-status.md: each promise has a place that exists, and a command that could be run."""

import asyncio
import importlib
import re
import shlex
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import typer
import typer.main

from fraudstream.command_line import COMMANDS
from fraudstream.runtime.project_root import ROOT
from tests.unit.producer.api.api_helpers import ask

PAGE = (ROOT / "docs" / "project-status.md").read_text()
KEPT = frozenset({"works", "differs"})
STATES = KEPT | {"planned", "left out"}
DOCUMENTS = 5
COMMAND = re.compile(r"`((?:make|fraudstream|uvicorn|curl|docker|python -m|\.venv/bin/python -m)\b[^`]*)`")


class Promise(NamedTuple):
    """A row of the page."""

    promise: str
    state: str
    place: str
    command: str


def promises() -> list[Promise]:
    """Return the rows of the tables of the documents, which follow the table of the states."""
    tables = PAGE.split("\n## ")[1:]
    rows = [
        line
        for table in tables
        for line in table.splitlines()
        if line.startswith("| ") and not line.startswith("| ---")
    ]
    cells = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]
    return [Promise(*each) for each in cells if each[0] != "Promise"]


PROMISES = promises()
NAMED = sorted({command for promise in PROMISES for command in COMMAND.findall(promise.command)})


@cache
def made_by_make() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def paths_of_the_api() -> tuple[re.Pattern[str], ...]:
    paths = asyncio.run(ask("GET", "/openapi.json")).json()["paths"]
    return tuple(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in (*paths, "/openapi.json"))


def application(module: str) -> typer.Typer | None:
    """Return the command line of a program, None if it is not one of Typer's with a name."""
    if find_spec(module) is None:
        msg = f"there is no module {module}"
        raise LookupError(msg)
    package = find_spec(f"{module}.__main__") if find_spec(module).submodule_search_locations else None  # type: ignore[union-attr] # it was found
    names = vars(importlib.import_module(package.name if package else module))
    found = [each for each in names.values() if isinstance(each, typer.Typer)]
    return found[0] if found else None


def missing_in(module: str, words: list[str]) -> list[str]:
    """Return the subcommands and options among ``words`` that the program does not have."""
    app = application(module)
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    if app is None:
        return [option for option in options if option != "--help"]
    command: Any = typer.main.get_command(app)
    known = {"--help"} | options_of(command)
    for word in words:
        if hasattr(command, "commands") and not word.startswith("-"):
            if word not in command.commands:
                return [] if command.invoke_without_command and word.isdecimal() else [word]
            command = command.commands[word]
            known |= options_of(command)
    return [option for option in options if option not in known]


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - of the Click that Typer brings
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def missing(command: str) -> list[str]:
    """Return the parts of a command that the repository does not have."""
    program, *words = shlex.split(command)
    if program == "make":
        return [word for word in words if word not in made_by_make()]
    if program == "fraudstream":
        return missing_in(COMMANDS[words[0]].module, words[1:]) if words[0] in COMMANDS else [words[0]]
    if program == "curl":
        path = urlsplit(words[-1]).path
        return [] if any(each.fullmatch(path) for each in paths_of_the_api()) else [path]
    return missing_elsewhere(program, words)


def missing_elsewhere(program: str, words: list[str]) -> list[str]:
    if program == "docker":
        return [] if (ROOT / "docker-compose.yml").is_file() else [program]
    if program == "uvicorn":
        return [] if find_spec(words[0].partition(":")[0]) else [words[0]]
    module, arguments = words[1], words[2:]
    if module == "pytest":
        return [path for path in arguments if not (ROOT / path).exists()]
    return missing_in(module, arguments)


def test_every_document_has_a_table() -> None:
    assert len(PAGE.split("\n## ")[1:]) == DOCUMENTS
    assert len(PROMISES) > 80


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.promise)
def test_a_promise_has_a_state_a_place_and_a_command_or_a_reason(promise: Promise) -> None:
    assert promise.state in STATES
    assert re.search(r"\]\(\S+\)", promise.place), "the row links to no place"
    assert promise.command
    if promise.state in KEPT:
        assert COMMAND.search(promise.command), "the row has no command that shows it"


@pytest.mark.parametrize("command", NAMED)
def test_a_named_command_exists(command: str) -> None:
    assert missing(command) == []


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("make nothing", ["nothing"]),
        ("fraudstream nothing", ["nothing"]),
        ("fraudstream produce nothing", ["nothing"]),
        ("fraudstream produce stream 20 --nothing 3", ["--nothing"]),
        ("fraudstream api --nothing", ["--nothing"]),
        ("fraudstream job --nothing", ["--nothing"]),
        ("curl http://localhost:8000/nothing", ["/nothing"]),
        ("uvicorn nothing:app", ["nothing:app"]),
        (".venv/bin/python -m pytest tests/nothing", ["tests/nothing"]),
    ],
)
def test_a_command_that_does_not_exist_is_detected(command: str, parts: list[str]) -> None:
    assert missing(command) == parts


def test_a_module_that_does_not_exist_is_detected() -> None:
    with pytest.raises(LookupError, match="no module"):
        missing("python -m nothing")
