"""What the README says of the product is so."""

import re

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT

README = (ROOT / "README.md").read_text()


def named_in_the_table() -> set[str]:
    """Return the features of the catalogue's table, ``{a,b}`` spelled out."""
    table = README.split("## The catalogue")[1].split("What is absent")[0]
    names: set[str] = set()
    for row in re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", row):
            names |= spelled_out(name)
    return names


def spelled_out(name: str) -> set[str]:
    match = re.search(r"{([^}]+)}", name)
    if match is None:
        return {name}
    choices = [name.replace(match[0], choice, 1) for choice in match[1].split(",")]
    return {each for choice in choices for each in spelled_out(choice)}


def test_its_table_has_the_features_of_the_catalogue_and_no_other() -> None:
    assert named_in_the_table() == set(BUILT_IN.names)


def test_the_folders_it_lists_are_there() -> None:
    block = README.split("## Where things are")[1].split("##")[0]
    folders = re.findall(r"^    (\w+)/ ", block, flags=re.MULTILINE)
    assert len(folders) >= 12
    assert all((ROOT / folder).is_dir() for folder in folders)
