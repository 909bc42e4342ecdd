"""The golden saved state: its files, and jobs restored from it.

The state belongs to a job that had read the number of records in ``positions.json`` from streams of one
shard each. A restored job finds streams of the same names with as many records that no parser accepts
(`UNREADABLE`), followed by the transactions of ``transactions.jsonl``. Both emulators number the records
of a shard 1, 2, 3, … (`NUMBERED_FROM_ONE`), so the job reads exactly these transactions if it resumes at
the saved positions; otherwise it writes dead letters.
"""

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from drills.live_job import Launcher, LiveJob
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from jobs.job_settings import JobSettings

FOLDER: Final = ROOT / "tests" / "golden" / "saved_state"
ARCHIVE: Final = FOLDER / "state.tar.xz"
EARLIER_LAYOUT: Final = FOLDER / "layout-2.tar.xz"
"""State of three transactions in each form, written by the release before layout 3; it can't be made anew."""
HASH_KEY: Final = "676f6c64656e2073746174652f6b6579"
"""The key of the state, which comes from the settings."""
CATALOGUE: Final = FOLDER / "catalogue.json"
POSITIONS: Final = FOLDER / "positions.json"
TRANSACTIONS: Final = FOLDER / "transactions.jsonl"
SCORED: Final = FOLDER / "scored.jsonl"
DEAD_LETTERS: Final = FOLDER / "dead_letters.jsonl"
STATE_BACKENDS: Final = {
    "savepoint": "hashmap",
    "checkpoint-hashmap": "hashmap",
    "checkpoint-rocksdb": "rocksdb",
}
"""Each folder of the archive, and the state backend that restores it."""
NUMBERED_FROM_ONE: Final = ("--first-sequence-number", "1")
"""Options of the emulator whose positions are saved, and of the one in which they are continued."""
UNREADABLE: Final = b"read before"
SCORE_DIGITS: Final = 12
_OF_THE_RUN: Final = ("arrival_time", "scored_at")
"""Fields with the time of writing or scoring."""


def unpack(folder: Path, archive_path: Path = ARCHIVE) -> dict[str, str]:
    """Unpack the saved state into any ``folder``; return the URIs by name."""
    with tarfile.open(archive_path) as archive:
        archive.extractall(folder, filter="data")
    return {name: (folder / name).as_uri() for name in STATE_BACKENDS}


def golden_settings(settings: JobSettings, name: str) -> JobSettings:
    """Return settings with the streams that the state names, and sinks that belong to ``name`` alone."""
    return settings.model_copy(
        update={
            "transactions_stream": "Transactions-golden",
            "labels_stream": "Labels-golden",
            "alerts_stream": f"Alerts-golden-{name}",
            "dead_letters_stream": f"DeadLetters-golden-{name}",
            "scored_stream": f"Scored-golden-{name}",
            "parallelism": 1,
        }
    )


def job_options(state_backend: str, hash_key: str = HASH_KEY) -> tuple[str, ...]:
    """Return the job's options; catalogue and model are fixed, so changed defaults have no effect."""
    return (
        *("--hash-key", hash_key),
        *("--label-feedback", "true", "--state-backend", state_backend),
        *("--catalogue", str(CATALOGUE), "--model", str(ROOT / "models" / "v1")),
    )


def create_sources(settings: JobSettings) -> None:
    """Create the job's source streams with one shard each, so that all records have one order."""
    client = kinesis_client(settings)
    for name in (settings.transactions_stream, settings.labels_stream):
        client.create_stream(StreamName=name, ShardCount=1)
        client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})


def put(settings: JobSettings, stream: str, records: list[bytes]) -> None:
    """Put the records into a stream in order."""
    result = StreamWriter(kinesis_client(settings), stream).put([Record(each, "golden") for each in records])
    if result.failures:
        msg = f"{len(result.failures)} records are not in {stream}: {result.failures[0].message}"
        raise RuntimeError(msg)


def fill_sources(settings: JobSettings) -> None:
    """Create the sources; put placeholders for the records already read, then the remaining ones."""
    create_sources(settings)
    positions = json.loads(POSITIONS.read_text())
    put(settings, settings.labels_stream, [UNREADABLE] * positions["labels"])
    read_before = [UNREADABLE] * positions["transactions"]
    put(settings, settings.transactions_stream, read_before + TRANSACTIONS.read_bytes().splitlines())


@contextmanager
def restored(launcher: Launcher, settings: JobSettings, name: str, uri: str) -> Iterator[LiveJob]:
    """Run a job restored from the saved state ``name`` at ``uri``; the sources must be filled."""
    options = (*job_options(STATE_BACKENDS[name]), "--from-savepoint", uri)
    with launcher.running(golden_settings(settings, name), *options) as job:
        yield job


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def comparable(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records without the fields that differ from run to run, in a deterministic order.

    Scores have 12 digits: the exponential function of another processor differs in the last one.
    """
    kept = [{key: value for key, value in each.items() if key not in _OF_THE_RUN} for each in records]
    for each in kept:
        if each.get("score") is not None:
            each["score"] = float(f"{each['score']:.{SCORE_DIGITS}g}")
    return sorted(kept, key=lambda each: json.dumps(each, sort_keys=True))
