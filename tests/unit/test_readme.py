"""The claims of the README, the catalogue page and the architecture page are true."""

import re

import pytest

from fraudstream.domain.catalogue import BUILT_IN, BUILT_IN_WITH_LABELS
from fraudstream.runtime.project_root import ROOT

README = (ROOT / "README.md").read_text()
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
MAX_README_LINES = 170
"""In lines; reference material belongs in docs/."""


def section(page: str, heading: str) -> str:
    """Return the text between a heading and the next one of any level."""
    return re.split(r"^#+ ", page.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def features_named_in(text: str) -> set[str]:
    """Return the features in the first column of a table, with ``{a,b}`` expanded."""
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    return {each for row in rows for name in re.findall(r"`([^`]+)`", row) for each in spelled_out(name)}


def spelled_out(name: str) -> set[str]:
    match = re.search(r"{([^}]+)}", name)
    if match is None:
        return {name}
    choices = [name.replace(match[0], choice, 1) for choice in match[1].split(",")]
    return {each for choice in choices for each in spelled_out(choice)}


def test_the_catalogue_page_lists_exactly_its_features() -> None:
    assert features_named_in(section(CATALOGUE, "## Built-in features")) == set(BUILT_IN_WITH_LABELS.names)


def test_the_features_in_the_readme_are_in_the_catalogue() -> None:
    named = features_named_in(section(README, "## Features"))
    assert len(named) >= 10
    assert named <= set(BUILT_IN_WITH_LABELS.names)


@pytest.mark.parametrize("page", [README, CATALOGUE, (ROOT / "docs" / "labels.md").read_text()])
def test_the_numbers_of_features_are_those_of_the_catalogue(page: str) -> None:
    said = set(re.findall(r"(\d+) (?:windowed )?features", page))
    assert str(len(BUILT_IN.names)) in said | set(re.findall(r"instead of (\d+)", page))
    assert said <= {str(len(BUILT_IN.names)), str(len(BUILT_IN_WITH_LABELS.names))}


def test_the_architecture_page_lists_every_package() -> None:
    block = section(ARCHITECTURE, "## Packages")
    folders = re.findall(r"^    (\w+)/ ", block, flags=re.MULTILINE)
    assert all((ROOT / folder).is_dir() for folder in folders)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(folders)


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= MAX_README_LINES


MEASURED = [
    (page, figure)
    for row in section(README, "## Measured").splitlines()
    for figures, page in re.findall(r"\[([^\]]*\d[^\]]*)\]\((docs/[a-z-]+\.md)[^)]*\)", row)
    for figure in re.findall(r"\d[\d,.]*\d", figures)
]
"""Figures in link texts of the README, with the pages that they come from."""


@pytest.mark.parametrize(("page", "figure"), MEASURED)
def test_a_figure_of_the_readme_is_on_the_page_it_links_to(page: str, figure: str) -> None:
    text = (ROOT / page).read_text()
    assert figure in text or figure.replace(",", "") in text
