import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.runtime.secret_variables import SecretFileError, with_secrets


def test_the_listed_files_become_variables_without_their_line_ends(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("first\n")
    two.write_text("second")
    environment = {"SECRETS_FROM_FILE": f"A={one},B={two}", "A": "old", "C": "kept"}
    assert with_secrets(environment) == {"A": "first", "B": "second", "C": "kept"}
    assert with_secrets({"C": "kept"}) == {"C": "kept"}


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("A", "'A' is not NAME=FILE"),
        ("=x", "'=x' is not NAME=FILE"),
        ("A=", "'A=' is not NAME=FILE"),
        ("A={}/none", "of A can't be read"),
        ("A={}/empty", "of A is empty"),
        ("A={}/bytes", "of A can't be read"),
    ],
)
def test_an_unusable_entry_is_refused_by_its_variable_and_file(
    tmp_path: Path, entry: str, complaint: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(SecretFileError, match=complaint):
        with_secrets({"SECRETS_FROM_FILE": entry.format(tmp_path)})


def test_the_process_becomes_the_command_and_has_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the secret\n")
    code = "import os, sys; print(os.environ['KEY'], sys.argv[1]); sys.exit(3)"
    done = subprocess.run(
        [sys.executable, "-m", "fraudstream.runtime.secret_variables", sys.executable, "-c", code, "option"],
        capture_output=True,
        text=True,
        check=False,
        env={"SECRETS_FROM_FILE": f"KEY={tmp_path / 'key'}"},
    )
    assert (done.returncode, done.stdout) == (3, "the secret option\n")
