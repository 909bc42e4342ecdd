"""The documentation has searchable headings, and none of the phrases that make readers stumble."""

import re
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "docs/adr/*.md") for path in ROOT.glob(pattern))
INSTEAD_OF = {
    "passed over": "ignored",
    "how-manieth": "sequence number",
    "so many a second": "N per second",
    "none to be": "not found",
    "doubled transaction": "duplicate transaction",
    "goes by": "depends on",
    "has to do with": "concerns",
    "for good": "permanently",
}
"""Phrases and what to write in their place."""
QUESTION = re.compile(r"^#+ (?:What|How|Where|Why|Who|Whose|When|Which)\b.*", re.MULTILINE)


def stumbles(text: str) -> dict[str, str]:
    """Return the discouraged phrases in a text, also across line breaks, with their replacements."""
    words = " ".join(text.lower().split())
    return {phrase: better for phrase, better in INSTEAD_OF.items() if phrase in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_heading_is_a_noun_that_can_be_searched(page: Path) -> None:
    assert QUESTION.findall(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_the_terms_of_the_field(page: Path) -> None:
    assert stumbles(page.read_text()) == {}


def test_a_phrase_and_a_heading_are_detected() -> None:
    text = "# How it works\n\nOther fields are passed\nover.\n\n## Limits\n"
    assert stumbles(text) == {"passed over": "ignored"}
    assert QUESTION.findall(text) == ["# How it works"]
