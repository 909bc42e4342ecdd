"""``fraudstream profiles rebuild``: the job's arguments and environment, and what it tells."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from fraudstream.runtime.stop_signals import StopSignal
from serving.profiles_command import rebuild_command
from serving.profiles_command.profiles_app import app
from serving.profiles_command.rebuild_command import complete_entities, run_job
from tests.unit.profiles.profile_samples import progress

HASH_KEY = "0123456789abcdef" * 2
JOB = """
import os, sys, json, pathlib
keys = ("FRAUDSTREAM_PROFILE_STORE", "FRAUDSTREAM_PROFILE_REBUILD", "FRAUDSTREAM_HASH_KEY")
seen = {"arguments": sys.argv[1:], **{key: os.environ.get(key) for key in keys}}
pathlib.Path(os.environ["SEEN"]).write_text(json.dumps(seen))
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace the job by a program that writes its arguments and environment to the returned file."""
    package = tmp_path / "root" / "jobs"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "feature_job.py").write_text(JOB)
    monkeypatch.setattr(rebuild_command, "ROOT", package.parent)
    monkeypatch.setattr(rebuild_command, "POLL_S", 0.02)
    monkeypatch.setenv("SEEN", str(tmp_path / "seen.json"))
    monkeypatch.setenv("FRAUDSTREAM_HASH_KEY", HASH_KEY)
    return tmp_path / "seen.json"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rebuild", *arguments])


def test_an_archive_is_read_by_a_job_over_files_that_needs_no_model(seen: Path, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'profiles.db'}"
    result = run("--from", "archive.jsonl", "--store", store)
    assert result.exit_code == 0, result.output
    found = json.loads(seen.read_text())
    assert found["arguments"][:3] == ["--source", "archive.jsonl", "--dead-letters-out"]
    assert len(found["arguments"]) == 4
    assert (found["FRAUDSTREAM_PROFILE_STORE"], found["FRAUDSTREAM_PROFILE_REBUILD"]) == (store, "true")
    assert found["FRAUDSTREAM_HASH_KEY"] == HASH_KEY


def test_a_savepoint_is_restored_by_the_job_with_its_own_settings(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDSTREAM_PROFILE_STORE", f"sqlite:{tmp_path / 'profiles.db'}")
    monkeypatch.delenv("FRAUDSTREAM_HASH_KEY")
    assert run("--from-savepoint", "file:///savepoint").exit_code == 0
    assert json.loads(seen.read_text())["arguments"] == [
        "--from-savepoint",
        "file:///savepoint",
    ]


def test_the_exit_code_is_the_jobs(seen: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert seen
    monkeypatch.setenv("CODE", "3")
    assert run("--from", "archive.jsonl", "--store", f"sqlite:{tmp_path / 'profiles.db'}").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either --from ARCHIVE or --from-savepoint URI"),
        (("--from", "a.jsonl", "--from-savepoint", "file:///s"), "give either --from ARCHIVE"),
    ],
)
def test_one_source_is_needed(seen: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, seen.exists()) == (1, False)
    assert message in result.stderr


def test_an_archive_without_the_live_jobs_hash_key_is_refused(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FRAUDSTREAM_HASH_KEY")
    result = run("--from", "archive.jsonl")
    assert (result.exit_code, seen.exists()) == (1, False)
    assert "set FRAUDSTREAM_HASH_KEY" in result.stderr


def test_a_job_that_is_stopped_ends(seen: Path, tmp_path: Path) -> None:
    assert seen
    (tmp_path / "root" / "jobs" / "feature_job.py").write_text("import time\ntime.sleep(600)\n")
    stop = StopSignal()
    stop.set()
    store = SqliteProfiles(tmp_path / "profiles.db", timeout_s=1.0)
    assert run_job([], dict(os.environ), store, stop) == 0


def test_each_complete_entity_is_told_once(
    seen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seen
    path = tmp_path / "profiles.db"
    report = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from fraudstream.profiles.sqlite_profiles import SqliteProfiles\n"
        "from fraudstream.profiles.profile_rows import ProfileProgress\n"
        "store = SqliteProfiles(sys.argv[1], timeout_s=5.0)\n"
        "store.report(ProfileProgress(entity='account_id', task=0, tasks=1, "
        "epoch_ms=time.time_ns() // 1_000_000, written_until_ms=1))\n"
        "time.sleep(0.3)\n"
    )
    (tmp_path / "root" / "jobs" / "feature_job.py").write_text(report)
    root = str(Path(rebuild_command.__file__).parents[2])
    store = SqliteProfiles(path, timeout_s=1.0)
    store.report(progress("device_id", until_ms=5))
    assert run_job([str(path), root], dict(os.environ), store, StopSignal()) == 0
    assert capsys.readouterr().out == "account_id: all profiles are written\n"
    store.close()


def test_an_entity_is_complete_when_all_tasks_have_reported_in_the_new_epoch() -> None:
    reports = [
        progress("account_id", task=0, tasks=2, epoch_ms=100, until_ms=1),
        progress("account_id", task=1, tasks=2, epoch_ms=101, until_ms=1),
        progress("device_id", task=0, tasks=2, epoch_ms=100, until_ms=1),
        progress("device_id", task=1, tasks=2, epoch_ms=50, until_ms=1),
        progress("merchant_id", task=0, tasks=1, epoch_ms=99, until_ms=1),
        progress("customer_id", task=0, tasks=1, epoch_ms=100, until_ms=1),
    ]
    assert complete_entities(reports, 100) == ["customer_id"]
