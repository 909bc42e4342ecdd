"""Every link of the documentation has a target, and every path that it mentions exists."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

PAGES = sorted(
    path
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "models/*/*.md", "tests/golden/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.MULTILINE)
INLINE_CODE = re.compile(r"`[^`\n]*`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n?)+")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def links_of(text: str) -> list[str]:
    """Return the link targets outside of code."""
    prose = INLINE_CODE.sub("code", INDENTED.sub("", FENCED.sub("", text)))
    return [target for target in LINK.findall(prose) if not re.match(r"[a-z]+:", target)]


@cache
def anchors_of(text: str) -> frozenset[str]:
    """Return the anchors that GitHub assigns to the headings of a page."""
    found: Counter[str] = Counter()
    anchors: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        anchors.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return frozenset(anchors)


def broken_links(page: Path, text: str) -> Iterator[str]:
    """Yield the relative links of a page whose file or heading does not exist."""
    for target in links_of(text):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        # The page may belong to a test and not exist on disk.
        other = text if file == page else file.read_text() if file.is_file() and anchor else ""
        if not (file == page or file.exists()) or (anchor and anchor not in anchors_of(other)):
            yield target


def folders() -> list[str]:
    """Return the top-level folders of the repository, without hidden and generated ones."""
    return sorted(
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name != "build"
    )


def missing_paths(text: str) -> Iterator[str]:
    """Yield texts that look like repository paths but do not exist; names with a placeholder are skipped."""
    names = "|".join(re.escape(folder) for folder in folders())
    for match in re.finditer(rf"(?<![\w./:-])(?:{names})/[\w./-]*(?![\w<{{*…$])", text):
        path = match[0].rstrip("./")
        if not (ROOT / path).exists():
            yield path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_an_existing_file_and_heading(page: Path) -> None:
    assert list(broken_links(page, page.read_text())) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_mentioned_path_of_the_repository_exists(page: Path) -> None:
    assert list(missing_paths(page.read_text())) == []


def test_every_page_of_docs_is_on_the_map() -> None:
    on_the_map = {target.partition("#")[0] for target in links_of((ROOT / "docs" / "README.md").read_text())}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= on_the_map


def test_every_decision_record_is_on_the_list_of_decisions() -> None:
    records = {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")}
    assert records == set(links_of((ROOT / "docs" / "adr" / "README.md").read_text()))


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("# A b\n\n[here](#a-b) [file](../README.md) [web](https://bank.example/x)\n", []),
        ("# A b\n\n[gone](#a-c) [gone too](nowhere.md)\n", ["#a-c", "nowhere.md"]),
        ("# Twice\n\n# Twice\n\n[second](#twice-1) [third](#twice-2)\n", ["#twice-2"]),
        ("# The `code` of [it](x.md)!\n\n[here](#the-code-of-it)\n", ["x.md"]),
        ("[there](state.md#savepoints) [gone](state.md#nothing)\n", ["state.md#nothing"]),
        ("`[in](code.md)` and\n\n    [in](a-block.md)\n\n```\n[in](a-fence.md)\n```\n", []),
    ],
)
def test_a_broken_link_is_detected(text: str, broken: list[str]) -> None:
    assert sorted(broken_links(ROOT / "docs" / "made-up.md", text)) == sorted(broken)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`docs/state.md`, jobs/feature_job.py. And docs/adr/.", []),
        ("`docs/no_such_page.md` and jobs/gone.py", ["docs/no_such_page.md", "jobs/gone.py"]),
        ("`docs/<name>.md`, `docs/*.md`, `docs/{a,b}.md`, docs/…, /docs/gone.md, my/docs/gone.md", []),
    ],
)
def test_a_missing_path_is_detected(text: str, missing: list[str]) -> None:
    assert list(missing_paths(text)) == missing
