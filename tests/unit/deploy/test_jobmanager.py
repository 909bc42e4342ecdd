"""The start of a JobManager from the newest checkpoint on its volume."""

import os
from pathlib import Path

import pytest

from deploy.jobmanager import CLAIM, MAGIC, RECOVERY, StartError, continued, main, newest_checkpoint


def checkpoint(folder: Path, name: str, at_s: int = 1, content: bytes = MAGIC + b"...") -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / "_metadata").write_bytes(content)
    os.utime(made / "_metadata", (at_s, at_s))
    return made


def command(folder: Path) -> list[str]:
    return [
        "standalone-job.sh",
        "start-foreground",
        f"-Dexecution.checkpointing.dir={folder.as_uri()}",
        "-py",
        "j",
    ]


def test_without_a_checkpoint_the_command_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "job" / "chk-3").mkdir(parents=True)
    assert continued(command(tmp_path), {}) == command(tmp_path)


def test_the_newest_checkpoint_is_claimed_before_the_commands_own_options(tmp_path: Path) -> None:
    checkpoint(tmp_path, "job/chk-9")
    newest = checkpoint(tmp_path, "job/chk-10")
    script, start, *rest = command(tmp_path)
    assert continued(command(tmp_path), {}) == [script, start, f"{RECOVERY}{newest.as_uri()}", CLAIM, *rest]


def test_the_number_decides_within_a_job_and_the_time_between_jobs(tmp_path: Path) -> None:
    checkpoint(tmp_path, "old/chk-99", at_s=100)
    newest = checkpoint(tmp_path, "new/chk-8", at_s=150)
    checkpoint(tmp_path, "new/chk-7", at_s=200)
    assert newest_checkpoint(tmp_path) == newest


@pytest.mark.parametrize("content", [b"", MAGIC[:3], b"something else"])
def test_an_unreadable_checkpoint_is_ignored_and_named(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    older = checkpoint(tmp_path, "job/chk-1")
    checkpoint(tmp_path, "job/chk-2", content=content)
    assert newest_checkpoint(tmp_path) == older
    assert "chk-2/_metadata is not the metadata of a checkpoint" in capsys.readouterr().err


def test_a_savepoint_counts_for_the_first_start_only(tmp_path: Path) -> None:
    environment = {"FRAUDSTREAM_FROM_SAVEPOINT": "file:///savepoint-1"}
    assert f"{RECOVERY}file:///savepoint-1" in continued(command(tmp_path), environment)
    made = checkpoint(tmp_path, "job/chk-1")
    assert [word for word in continued(command(tmp_path), environment) if word.startswith(RECOVERY)] == [
        f"{RECOVERY}{made.as_uri()}"
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["a.sh", "start"], "no start-foreground"),
        (["a.sh", "start-foreground"], "is missing; only file:///FOLDER"),
        (
            ["a.sh", "start-foreground", "-Dexecution.checkpointing.dir=s3://b/c"],
            "is s3://b/c; only file:///",
        ),
        (
            ["a.sh", "start-foreground", "-Dexecution.checkpointing.dir=file:///not/there"],
            "does not exist; mount",
        ),
    ],
)
def test_an_unusable_command_is_refused(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StartError, match=problem):
        continued(words, {})
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert problem in capsys.readouterr().err


def test_the_process_becomes_the_command_without_the_setting_of_the_savepoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(os, "execvpe", lambda *arguments: started.extend(arguments))
    monkeypatch.setenv("FRAUDSTREAM_FROM_SAVEPOINT", "file:///savepoint-1")
    main(command(tmp_path))
    script, words, environment = started
    assert script == "standalone-job.sh"
    assert isinstance(words, list)
    assert f"{RECOVERY}file:///savepoint-1" in words
    assert isinstance(environment, dict)
    assert "FRAUDSTREAM_FROM_SAVEPOINT" not in environment
    assert environment["PATH"] == os.environ["PATH"]
