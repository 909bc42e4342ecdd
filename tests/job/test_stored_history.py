"""The operator's view of a stored profile is what the kernel's core has written into it."""

import json
import subprocess
import sys
from pathlib import Path

from fraudstream.runtime.project_root import ROOT

NEW_YEAR_MS = 1_767_225_600_000


def test_the_newest_transactions_of_a_profile_are_read_with_its_own_hash_key_only(tmp_path: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "tests.job.history_probe", str(tmp_path / "profiles.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    history, refusal = printed.splitlines()
    found = json.loads(history)
    assert (found["transactions"], found["rows"], found["condensed"]) == (3, 3, 0)
    newest = [(each["event_time_ms"], each["transaction_amount_vnd"]) for each in found["newest"]]
    assert newest == [(NEW_YEAR_MS + 3_000, 3_001.5), (NEW_YEAR_MS + 2_000, 2_001.0)]
    assert found["newest"][0]["latitude"] is None
    assert "the profile was written with the hash key" in refusal
