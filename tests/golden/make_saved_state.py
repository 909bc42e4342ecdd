"""Write the golden saved state with the current code: ``python -m tests.golden.make_saved_state``.

Writes everything in ``tests/golden/saved_state`` but the earlier layout. The committed files were written by
the first release whose state must stay readable; rewrite them only if saved state is meant to change, and say
so in CHANGELOG.md.

A busy account, device, merchant and counterparty have more transactions than the state keeps exactly, so
the oldest are aggregated into panes. Labels arrive before their transactions, for rows and for panes;
the last ones wait for transactions that arrive after the state was saved. Needs a JDK, as `make setup`
does.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from deploy.package import package
from drills.cluster import Cluster, start_jobmanager, start_taskmanager
from drills.emulator_environment import emulator_environment
from drills.live_job import Launcher, LiveJob
from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import Label, Transaction
from jobs.job_settings import JobSettings
from localstack.emulator import embedded_emulator
from tests.golden import saved_state

START_MS: Final = 1_736_121_600_000
"""2025-01-06 00:00 UTC."""
SEED: Final = 20_250_106
BEFORE: Final = 6_400
GAP_MS: Final = 140_000
END_MS: Final = START_MS + BEFORE * GAP_MS
"""Ten days and nine hours later."""
BUSY: Final = "BUSY"
CITIES: Final = (
    ("Hanoi", 21.0285, 105.8542),
    ("Da Nang", 16.0544, 108.2022),
    ("Ho Chi Minh City", 10.7769, 106.7009),
    (None, None, None),
)
SCORED: Final = 81
"""The number of later transactions that are in time."""
DEAD_LETTERS: Final = 2
"""So many are not, or say something else under an id that is known."""
STOPPED_AT_MS: Final = 4_102_444_800_000
"""The time of the stopped clock."""
CLOCK: Final = Path(__file__).parent / "clock"


# ---- input ----


def transaction(rng: random.Random, id_: str, time_ms: int, account: str) -> Transaction:
    """Return a transaction of ``account``, mostly with the busy device, merchant and counterparty."""
    city, latitude, longitude = rng.choice(CITIES)
    amount = rng.choice([1_000.0 * rng.randrange(10, 5_000)] * 20 + [380_000_000.0, 500_000_000.0])
    return Transaction(
        transaction_id=id_,
        event_time_ms=time_ms,
        account_id=account,
        transaction_amount_vnd=amount,
        customer_id=account.replace("ACC", "CUS"),
        transaction_type=rng.choice(["transfer", "payment"]),
        channel=rng.choice(["mobile", "web", None]),
        transaction_fees_vnd=rng.choice([amount / 1_000, 0.0, None]),
        counterparty_id=_busy_or_other(rng, "CTP"),
        merchant_id=_busy_or_other(rng, "MER"),
        city=city,
        latitude=latitude,
        longitude=longitude,
        device_id=_busy_or_other(rng, "DEV"),
        biometric_failure_count=rng.choice([0.0, 0.0, 1.0, 4.0, None]),
        total_loans_vnd=rng.choice([None, 5e7]),
        num_transactions=float(rng.randrange(100)),
        npl_flag=rng.choice([None, False, True]),
        status=rng.choice(["completed"] * 11 + ["declined"]),
        currency="VND",
        country="VN",
    )


def _busy_or_other(rng: random.Random, kind: str) -> str | None:
    return rng.choice([f"{kind}-{BUSY}"] * 18 + [f"{kind}-{rng.randrange(30)}", None])


def sent_before(rng: random.Random) -> list[Transaction]:
    """Return the transactions that the job reads before its state is saved, out of order by minutes."""
    return [
        transaction(
            rng,
            f"before-{n}",
            START_MS + n * GAP_MS + rng.randrange(10 * MINUTE_MS),
            f"ACC-{rng.randrange(20)}" if n % 16 == 0 else f"ACC-{BUSY}",
        )
        for n in range(BEFORE)
    ]


def sent_afterwards(rng: random.Random, before: list[Transaction]) -> list[Transaction]:
    """Return the transactions that a restored job reads: at once, after the labels, and after the windows."""
    soon = [_later(rng, n, END_MS + n * GAP_MS) for n in range(40)]
    soon[4] = replace(soon[4], merchant_id="MER-WAITING", device_id="DEV-WAITING")
    soon[5] = replace(soon[5], merchant_id="MER-WAITING", counterparty_id="CTP-WAITING")
    soon[6] = replace(soon[6], merchant_id="MER-TAKEN-BACK")
    out_of_order = [
        # Among the exact rows of its account; among the panes of the busy entities, from a new account.
        transaction(rng, "after-late", END_MS - 20 * HOUR_MS, f"ACC-{BUSY}"),
        replace(
            transaction(rng, "after-among-panes", START_MS + DAY_MS, "ACC-NEW"),
            merchant_id=f"MER-{BUSY}",
            device_id=f"DEV-{BUSY}",
            counterparty_id=f"CTP-{BUSY}",
        ),
        transaction(rng, "after-too-late", END_MS - 30 * HOUR_MS, f"ACC-{BUSY}"),
    ]
    other = replace(before[-2], transaction_amount_vnd=before[-2].transaction_amount_vnd + 1)
    doubled = [before[-1], before[BEFORE - 500], soon[3], other]
    seen = [_later(rng, 100 + n, END_MS + 8 * DAY_MS + n * GAP_MS) for n in range(24)]
    for n in (0, 1, 2):
        seen[n] = replace(seen[n], merchant_id="MER-WAITING")
    seen[3] = replace(seen[3], device_id="DEV-WAITING", counterparty_id="CTP-WAITING")
    seen[4] = replace(seen[4], merchant_id="MER-TAKEN-BACK")
    passed = [_later(rng, 200 + n, END_MS + 27 * DAY_MS + n * HOUR_MS) for n in range(12)]
    return [*soon, *out_of_order, *doubled, *seen, *passed]


def _later(rng: random.Random, n: int, time_ms: int) -> Transaction:
    account = f"ACC-{rng.randrange(20)}" if n % 4 == 0 else f"ACC-{BUSY}"
    return transaction(rng, f"after-{n}", time_ms, account)


def label(of: Transaction, *, is_fraud: bool = True) -> bytes:
    """Return the record of a label that becomes available an hour after the transaction."""
    made = Label(
        transaction_id=of.transaction_id,
        account_id=of.account_id,
        event_time_ms=of.event_time_ms,
        available_at_ms=of.event_time_ms + HOUR_MS,
        is_fraud=is_fraud,
        device_id=of.device_id,
        merchant_id=of.merchant_id,
        counterparty_id=of.counterparty_id,
    )
    return made.to_json()


# ---- saving ----


def wait_until_labels_are_read(job: LiveJob, batch: list[bytes], letters: int) -> int:
    """Send labels and then an invalid one, and wait for its dead letter; return the number of records.

    Labels and transactions are not ordered relative to each other; waiting here imposes an order.
    """
    records = [*batch, saved_state.UNREADABLE]
    saved_state.put(job.settings, job.settings.labels_stream, records)
    job.cluster.wait_for("dead letter", lambda: len(job.dead_letters()) == letters)
    return len(records)


def feed(job: LiveJob, before: list[Transaction], after: list[Transaction]) -> dict[str, int]:
    """Let the job read all input before its state is saved; return the number of records per stream."""
    early = [
        label(each) for each in [*before[100:6_300:400], after[4], after[5], after[6], after[41], after[8]]
    ]
    early.append(label(after[6], is_fraud=False))
    labels = wait_until_labels_are_read(job, early, 1)
    saved_state.put(job.settings, job.settings.transactions_stream, [each.to_json() for each in before])
    job.wait_until_scored(before)
    late = [label(each) for each in [*before[50:6_000:300], after[12]]]
    labels += wait_until_labels_are_read(job, late, 2)
    return {"transactions": len(before), "labels": labels}


def save(launcher: Launcher, state_backend: str, folder: Path) -> None:
    """Save a job's state: a retained checkpoint of the backend, and on the heap a canonical savepoint."""
    rng = random.Random(SEED)
    before = sent_before(rng)
    after = sent_afterwards(rng, before)
    with own_emulator(state_backend) as settings:
        saved_state.create_sources(settings)
        with launcher.running(settings, *saved_state.job_options(state_backend)) as job:
            job.wait_until_running()
            positions = feed(job, before, after)
            job.checkpoint()
            move_into(folder / f"checkpoint-{state_backend}", job.newest_checkpoint())
            if state_backend == "hashmap":
                move_into(folder / "savepoint", job.savepoint(folder / "savepoints"))
    saved_state.POSITIONS.write_text(json.dumps(positions) + "\n")
    saved_state.TRANSACTIONS.write_bytes(b"".join(each.to_json() + b"\n" for each in after))


def move_into(target: Path, uri: str) -> None:
    """Copy the state at ``uri`` to ``target``; raise `RuntimeError` if it refers to files elsewhere."""
    shutil.copytree(uri.removeprefix("file://").removeprefix("file:"), target)
    # The workers of a session cluster know no checkpoint folder, so _metadata contains all their state.
    files = [path.name for path in target.rglob("*")]
    if files != ["_metadata"]:
        msg = f"{uri} has {files}: only a _metadata with all the state in it can be read from any folder"
        raise RuntimeError(msg)


@contextmanager
def own_emulator(name: str) -> Iterator[JobSettings]:
    """Run a new emulator, whose sequence numbers start at 1; yield the settings."""
    with embedded_emulator(*saved_state.NUMBERED_FROM_ONE) as url:
        # The clients of this process use it.
        os.environ.update(emulator_environment(JobSettings.load(["--aws-endpoint-url", url], env_file=None)))
        yield saved_state.golden_settings(JobSettings.load(env_file=None), name)


@contextmanager
def cluster(folder: Path, *jars: Path) -> Iterator[Cluster]:
    """Run a cluster with ``jars`` ahead of Flink's own."""
    folder.mkdir()
    made = Cluster(folder, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} | environment())
    made.add_to_lib(*jars)
    try:
        start_jobmanager(made)
        start_taskmanager(made)
        made.wait_for("slots", made.has_slots)
        yield made
    finally:
        made.end_all()


def environment() -> dict[str, str]:
    """Return the environment of a cluster's processes; each job sets its own endpoint."""
    settings = JobSettings.load(env_file=None)
    return emulator_environment(settings) | {"FRAUDSTREAM_CHECKPOINT_INTERVAL": "1h"}


def stopped_clock(folder: Path) -> Path:
    """Compile a stopped clock for the state's time-to-live; return its jar."""
    classes = folder / "classes"
    sources = [str(path) for path in CLOCK.rglob("*.java")]
    subprocess.run(["javac", "--release", "11", "-d", str(classes), *sources], check=True)  # noqa: S607 - the JDK that Maven has
    jar = Path(shutil.make_archive(str(folder / "clock"), "zip", classes))
    return jar.rename(folder / "a-clock.jar")


def pack(folder: Path) -> None:
    """Write the archive; raise `RuntimeError` if its state would expire one day."""
    if STOPPED_AT_MS.to_bytes(8) not in (folder / "savepoint" / "_metadata").read_bytes():
        msg = f"the state does not carry the time of the stopped clock ({CLOCK}): it would expire"
        raise RuntimeError(msg)

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime = entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(saved_state.ARCHIVE, "w:xz", preset=9) as archive:
        for name in saved_state.STATE_BACKENDS:
            archive.add(folder / name, name, filter=plain)


# ---- expected output ----


def write_what_follows(launcher: Launcher, folder: Path) -> None:
    """Write the output of restored jobs for the remaining input, equal for every kind of saved state."""
    with own_emulator("restored") as settings:
        saved_state.fill_sources(settings)
        found: list[tuple[list[Any], list[Any]]] = []
        for name, uri in saved_state.unpack(folder).items():
            with saved_state.restored(launcher, settings, name, uri) as job:
                job.wait_for_scored(lambda records: len(records) == SCORED)
                job.cluster.wait_for("dead letters", lambda: len(job.dead_letters()) == DEAD_LETTERS)
                found.append(
                    (saved_state.comparable(job.scored()), saved_state.comparable(job.dead_letters()))
                )
    if any(each != found[0] for each in found):
        msg = "what follows from the savepoint and from the checkpoints differs; nothing is written"
        raise RuntimeError(msg)
    for path, records in zip((saved_state.SCORED, saved_state.DEAD_LETTERS), found[0], strict=True):
        path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in records))


def main() -> None:
    """Write all golden files; takes some minutes."""
    saved_state.FOLDER.mkdir(exist_ok=True)
    saved_state.CATALOGUE.write_text(BUILT_IN_WITH_LABELS.to_json() + "\n")
    with tempfile.TemporaryDirectory(prefix="golden-") as path:
        folder = Path(path)
        archive = folder / "fraudstream-python.zip"
        package(archive)
        with cluster(folder / "writing", stopped_clock(folder)) as writing:
            for state_backend in ("hashmap", "rocksdb"):
                save(Launcher(writing, archive), state_backend, folder)
        pack(folder)
        (folder / "elsewhere").mkdir()
        with cluster(folder / "reading") as reading:
            write_what_follows(Launcher(reading, archive), folder / "elsewhere")
    sys.stdout.write(f"{saved_state.FOLDER}\n")


if __name__ == "__main__":
    main()
