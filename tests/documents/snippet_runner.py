"""Runs snippets: the project's own programs in this process, others as a shell or Node runs them."""

import contextlib
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.testing import CliRunner

import producer.__main__
import producer.api.__main__
from fraudstream.runtime.project_root import ROOT
from tests.documents.snippet_manifest import Snippet

AWS_FOLDER: Final = ROOT / "build" / "awscli-venv" / "bin"
HARNESS: Final = ROOT / "tests" / "documents" / "event_source.mjs"
ADDRESS: Final = "localhost:8000"
"""The address of the API in the documents; the tests' API has another port."""
API_SOURCE: Final = "--source api"
TIMEOUT_S: Final = 60
PROGRAMS: Final[Mapping[str, typer.Typer]] = {
    "produce": producer.__main__.app,
    "api": producer.api.__main__.command,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """Exit code and output of a snippet; ``served`` are the addresses at which an API would listen."""

    code: int
    output: str
    served: list[tuple[str, int]] = field(default_factory=list)


def needs(snippet: Snippet) -> str | None:
    """Return the first word of a shell's command, or the name of the language's program."""
    if snippet.language == "javascript":
        return "node"
    return None if snippet.language in {"python", "env"} else shlex.split(snippet.to_run)[0]


def run(snippet: Snippet, api: str, environment: Mapping[str, str], folder: Path) -> Ran:
    """Run a snippet against the API at ``api``, a host and a port; ``folder`` is for its files."""
    text = snippet.to_run.replace(ADDRESS, api)
    if snippet.language == "python":
        return _run_python(text)
    if snippet.language == "env" and snippet.kind == "unchanged":
        return _run_with_settings(text, environment, folder / ".env")
    if snippet.kind == "unchanged" and snippet.language == "javascript":
        file = folder / "snippet.mjs"
        file.write_text(text)
        return _run_in_shell(shlex.join(["node", str(HARNESS), str(file)]), environment)
    if text.startswith("fraudstream "):
        words = shlex.split(text)[1:]
        return _run_apart(words, environment) if API_SOURCE in text else _run_program(words, environment)
    return _run_in_shell(text, environment)


def _run_apart(words: list[str], environment: Mapping[str, str]) -> Ran:
    """Run a program in a process of its own: the reader of the API's stream is a thread that ends with it."""
    command = [sys.executable, "-m", "fraudstream", *words]
    return _run_in_shell(shlex.join(command), environment)


def _run_with_settings(text: str, environment: Mapping[str, str], file: Path) -> Ran:
    """Check the connections with a settings file that has the text; its variables are set nowhere else."""
    file.write_text(text)
    others = {name: value for name, value in environment.items() if f"{name}=" not in text}
    with pytest.MonkeyPatch.context() as patch:
        for name in environment:
            patch.delenv(name)
        return _run_apart(["produce", "test"], others | {"FRAUDSTREAM_ENV_FILE": str(file)})


def _run_python(text: str) -> Ran:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "snippet", "exec"), {"__name__": "__main__"})  # noqa: S102 - of the manifest
    return Ran(0, printed.getvalue())


def _run_in_shell(text: str, environment: Mapping[str, str]) -> Ran:
    path = f"{AWS_FOLDER}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text],  # noqa: S607 - as its reader runs it
        cwd=ROOT,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def _run_program(words: list[str], environment: Mapping[str, str]) -> Ran:
    served: list[tuple[str, int]] = []

    def serve(_app: object, settings: Any) -> None:  # noqa: ANN401 - the settings of the API
        served.append((settings.host, settings.port))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(producer.api.__main__, "run_server", serve)
        patch.setattr(producer.api.__main__, "configure_service_logging", lambda *_: None)
        patch.chdir(ROOT)
        done = CliRunner().invoke(PROGRAMS[words[0]], words[1:], env=dict(environment))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.output, served)
