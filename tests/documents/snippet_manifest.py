"""The manifest of the documents' snippets."""

import tomllib
from dataclasses import dataclass
from typing import Final

from fraudstream.runtime.project_root import ROOT

MANIFEST: Final = ROOT / "tests" / "documents" / "snippets.toml"
KINDS: Final = frozenset({"unchanged", "equivalent", "not_applicable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A fenced block of a document, or one command of a shell's block.

    ``expects`` is a part of the output, ``log_has`` are messages of the API's log.
    """

    document: str
    block: int
    language: str
    text: str
    kind: str
    command: str = ""
    runs_as: str = ""
    reason: str = ""
    expects: str = ""
    log_has: tuple[str, ...] = ()

    @property
    def to_run(self) -> str:
        """What a test runs for it; empty if it does not apply."""
        return self.text if self.kind == "unchanged" else self.runs_as or self.command

    def __str__(self) -> str:
        """Return a short name for a test."""
        return f"{self.document}-{self.block}-{self.text.splitlines()[0][:40]}"


def blocks() -> dict[str, int]:
    """Return the number of fenced blocks of each document."""
    found: dict[str, int] = tomllib.loads(MANIFEST.read_text())["blocks"]
    return found


def snippets() -> list[Snippet]:
    """Return all snippets, in the order of the documents; raises `TypeError` for an unknown field."""
    entries = tomllib.loads(MANIFEST.read_text())["snippet"]
    return [Snippet(**entry | {"log_has": tuple(entry.get("log_has", ()))}) for entry in entries]
