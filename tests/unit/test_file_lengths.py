"""No source file is long."""

from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

LONGEST = 400
"""In lines."""
FOLDERS = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} | {"kernel", "tests"})
BUILT = {"target", "__pycache__"}


def long_files(root: Path, folders: list[str], longest: int) -> dict[str, int]:
    """Return the Python and Java files in the folders that have more lines than ``longest``."""
    files = (path for folder in folders for path in (root / folder).rglob("*.*"))
    sources = (path for path in files if path.suffix in {".py", ".java"} and not BUILT & set(path.parts))
    lines = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in sources}
    return {name: count for name, count in lines.items() if count > longest}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_has_at_most_400_lines(folder: str) -> None:
    assert long_files(ROOT, [folder], LONGEST) == {}, "split it by concern"


def test_a_long_file_is_found_at_any_depth(tmp_path: Path) -> None:
    for name in ("a/long.py", "a/b/Long.java", "a/target/Built.java", "a/data.txt", "other/long.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("line\n" * 3)
    assert long_files(tmp_path, ["a"], 3) == {}
    assert long_files(tmp_path, ["a"], 2) == {"a/long.py": 3, "a/b/Long.java": 3}
