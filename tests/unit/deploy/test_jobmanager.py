"""The start of a JobManager from the newest checkpoint on its volume."""

import os
from pathlib import Path

import pytest

from deploy.jobmanager import CLAIM, RECOVERY, StartError, continued, main
from deploy.retained_checkpoints import MAGIC, NOTE, plan_start


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


def started_from(folder: Path) -> str:
    """Return the name of the checkpoint that the next start restores."""
    words = continued(command(folder), {})
    (uri,) = [word.removeprefix(RECOVERY) for word in words if word.startswith(RECOVERY)]
    return uri.removeprefix(f"{folder.as_uri()}/")


def names(folder: Path) -> set[str]:
    return {f"{each.parent.name}/{each.name}" for each in folder.glob("*/chk-*")}


def test_the_highest_number_of_all_jobs_is_the_newest_whatever_the_clock_says(tmp_path: Path) -> None:
    checkpoint(tmp_path, "old/chk-7", at_s=300)
    checkpoint(tmp_path, "new/chk-8", at_s=150)
    assert started_from(tmp_path) == "new/chk-8"


def test_the_time_decides_between_equal_numbers(tmp_path: Path) -> None:
    checkpoint(tmp_path, "b/chk-8", at_s=100)
    checkpoint(tmp_path, "c/chk-8", at_s=200)
    checkpoint(tmp_path, "a/chk-8", at_s=150)
    assert started_from(tmp_path) == "c/chk-8"


def test_two_restarts_leave_only_the_newest_checkpoint_and_one_to_fall_back_to(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        checkpoint(tmp_path, f"first/chk-{number}")
    (tmp_path / "first" / "shared").mkdir()
    (tmp_path / "first" / "chk-4").mkdir()
    assert started_from(tmp_path) == "first/chk-3"
    assert names(tmp_path) == {"first/chk-2", "first/chk-3", "first/chk-4"}
    for number in (4, 5, 6):
        checkpoint(tmp_path, f"second/chk-{number}")
    assert started_from(tmp_path) == "second/chk-6"
    assert names(tmp_path) == {"second/chk-5", "second/chk-6"}
    assert not (tmp_path / "first").exists()


def test_files_that_jobs_share_stay(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        checkpoint(tmp_path, f"job-{number}/chk-{number}")
    (tmp_path / "job-1" / "shared").mkdir()
    (tmp_path / "job-1" / "shared" / "state").touch()
    started_from(tmp_path)
    assert names(tmp_path) == {"job-2/chk-2", "job-3/chk-3"}
    assert (tmp_path / "job-1" / "shared" / "state").exists()


def test_a_start_without_a_newer_checkpoint_is_followed_by_one_from_an_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        checkpoint(tmp_path, f"job/chk-{number}")
    assert started_from(tmp_path) == "job/chk-3"
    assert not capsys.readouterr().err
    assert started_from(tmp_path) == "job/chk-2"
    assert "the start from job/chk-3 made no newer checkpoint: trying the older job/chk-2" in (
        capsys.readouterr().err
    )
    # That job works, and its first checkpoint has the number of the damaged one.
    checkpoint(tmp_path, "next/chk-3", at_s=2)
    assert started_from(tmp_path) == "next/chk-3"
    assert names(tmp_path) == {"next/chk-3", "job/chk-2"}
    assert not capsys.readouterr().err


def test_when_every_checkpoint_was_tried_the_newest_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint(tmp_path, "job/chk-1")
    checkpoint(tmp_path, "job/chk-2")
    assert [started_from(tmp_path) for _ in range(3)] == ["job/chk-2", "job/chk-1", "job/chk-2"]
    assert "no start from any checkpoint made a newer one" in capsys.readouterr().err
    assert started_from(tmp_path) == "job/chk-1"
    assert names(tmp_path) == {"job/chk-1", "job/chk-2"}


@pytest.mark.parametrize("content", ["", "{}", "[1]", '["job"]'])
def test_an_unreadable_note_counts_as_none(tmp_path: Path, content: str) -> None:
    checkpoint(tmp_path, "job/chk-1")
    (tmp_path / NOTE).write_text(content)
    assert started_from(tmp_path) == "job/chk-1"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path, "job/chk-1")
    (tmp_path / NOTE).mkdir()
    with pytest.raises(StartError, match=r"cannot be used .*: let this user read and write it"):
        continued(command(tmp_path), {})


@pytest.mark.parametrize("content", [b"", MAGIC[:3], b"something else"])
def test_an_unreadable_checkpoint_is_ignored_and_named(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    older = checkpoint(tmp_path, "job/chk-1")
    checkpoint(tmp_path, "job/chk-2", content=content)
    start = plan_start(tmp_path)
    assert start is not None
    assert start.checkpoint == older
    assert "chk-2/_metadata is not the metadata of a checkpoint" in capsys.readouterr().err


def test_a_savepoint_counts_for_the_first_start_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"FRAUDSTREAM_FROM_SAVEPOINT": "file:///savepoint-1"}
    assert f"{RECOVERY}file:///savepoint-1" in continued(command(tmp_path), environment)
    made = checkpoint(tmp_path, "job/chk-1")
    assert [word for word in continued(command(tmp_path), environment) if word.startswith(RECOVERY)] == [
        f"{RECOVERY}{made.as_uri()}"
    ]
    said = capsys.readouterr().err
    assert "FRAUDSTREAM_FROM_SAVEPOINT=file:///savepoint-1 is ignored, as the job has checkpoints" in said
    assert f"delete what is in {tmp_path}" in said


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
