"""Pages and messages use the field's terms, and none of the phrases that make readers stumble."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "docs/adr/*.md") for path in ROOT.glob(pattern))
SOURCES = sorted(
    path
    for path in ROOT.glob("[a-z]*/**/*.py")
    if path.relative_to(ROOT).parts[0] not in {"tests", "build", "node_modules"}
)
INSTEAD_OF = {
    "passed over": "ignored",
    "how-manieth": "sequence number",
    "so many a second": "N per second",
    "none to be": "not found",
    "doubled transaction": "duplicate transaction",
    "goes by": "depends on",
    "go together": "must be given together",
    "has to do with": "concerns",
    "for good": "permanently",
    "whoever": "anyone who",
    "is the newest there is": "is the newest",
}
"""Phrases and what to write in their place, in pages and messages."""
INSTEAD_OF_IN_MESSAGES = {
    r"\bleft out: ": "(default: X)",
    r"\bif left out\b": "(default: X)",
    r"\bleave (\S+ )?(\S+ )?out\b": "omit X",
    r"(?<!there )\b(is|are|was) no (?!longer|more\b|one\b|such|better)[a-z]+ (of|for|to)\b": "is not a X",
    r"[;:,] give (that|one|it|another|both|none)(?=$|[,.;]| or | and )": "name the thing: use another path",
    r"\b(stop|end|ends) after so many\b": "stop after N X",
    r"\bso many (times|seconds)\b": "N times",
    r"\bfor example\b(?=[^.]*\{)": "e.g.",
}
"""Regular expressions for what messages and help texts avoid, and what to write in their place."""
HELP_FRAGMENT = re.compile(
    r"(Of|Only|Also|Most|Least|Longest|Whose|Where|How|Their|Tests|What|Times|Same|Figures)\b"
)
"""Beginnings of a help text that needs its neighbour to be understood."""
QUESTION = re.compile(r"^#+ (?:What|How|Where|Why|Who|Whose|When|Which)\b.*", re.MULTILINE)


@cache
def parsed(path: Path) -> ast.Module:
    """Parse a module once for all tests."""
    return ast.parse(path.read_text())


def stumbles(text: str) -> dict[str, str]:
    """Return the discouraged phrases in a text, also across line breaks, with their replacements."""
    words = " ".join(text.lower().split())
    return {phrase: better for phrase, better in INSTEAD_OF.items() if phrase in words}


def message_stumbles(text: str) -> dict[str, str]:
    """Return the discouraged phrases in a message or help text, with their replacements."""
    words = " ".join(text.lower().split())
    found = {
        found[0]: better
        for form, better in INSTEAD_OF_IN_MESSAGES.items()
        if (found := re.search(form, words))
    }
    return stumbles(text) | found


def literals(tree: ast.AST) -> Iterator[str]:
    """Yield the string literals of a syntax tree, with ``{}`` for values, except docstrings."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def help_texts(tree: ast.AST) -> Iterator[str]:
    """Yield the literal ``help`` and ``description`` arguments in a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"help", "description"}:
            yield next(literals(node.value), "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_heading_is_a_noun_that_can_be_searched(page: Path) -> None:
    assert QUESTION.findall(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_the_terms_of_the_field(page: Path) -> None:
    assert stumbles(page.read_text()) == {}


def test_messages_and_help_texts_use_the_terms_of_the_field() -> None:
    assert len(SOURCES) > 100
    found = {
        (path.relative_to(ROOT).as_posix(), text): wrong
        for path in SOURCES
        for text in literals(parsed(path))
        if (wrong := message_stumbles(text))
    }
    assert found == {}


def test_headings_in_messages_are_nouns_that_can_be_searched() -> None:
    assert [text for path in SOURCES for text in literals(parsed(path)) if QUESTION.search(text)] == []


def test_a_help_text_is_understood_without_its_neighbours() -> None:
    texts = [(path.name, text) for path in SOURCES for text in help_texts(parsed(path))]
    assert len(texts) > 100
    assert [each for each in texts if HELP_FRAGMENT.match(each[1])] == []


def test_a_phrase_and_a_heading_are_detected() -> None:
    text = "# How it works\n\nOther fields are passed\nover.\n\n## Limits\n"
    assert stumbles(text) == {"passed over": "ignored"}
    assert QUESTION.findall(text) == ["# How it works"]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Port; left out: any free one", "left out: "),
        ("statistic count takes no n; leave n out", "leave n out"),
        ("'soon' is no place to start", "is no place to"),
        ("the file can't be written; give another", "; give another"),
        ("End after so many alerts", "end after so many"),
    ],
)
def test_a_phrase_in_a_message_is_detected(text: str, phrase: str) -> None:
    assert list(message_stumbles(text)) == [phrase]


def test_the_literals_of_a_module_are_found_without_docstrings() -> None:
    code = ast.parse(
        '"""Doc."""\ndef f(x):\n    """Doc."""\n    return option(help="A", n=f"{x} passed " "over")\n'
    )
    assert sorted(literals(code)) == ["A", "{} passed over"]
    assert list(help_texts(code)) == ["A"]
