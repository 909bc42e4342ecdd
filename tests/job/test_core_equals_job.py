"""The kernel's core in a server process, with profiles in a store, agrees with the job over the same file."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS, CUSTOMER_FEATURES, Catalogue, WindowFeature
from fraudstream.domain.customer import Customer
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.reference import Evaluated, evaluate, merge_labels
from fraudstream.domain.transaction import Label
from fraudstream.runtime.project_root import ROOT
from tests.job.job_helpers import outside_environment, run_feature_job
from tests.job.random_stream import (
    labels,
    one_future_row,
    transactions,
    with_conflicts,
    with_copies,
    with_late_ones,
    with_wrong_clocks,
)

SEED = 23
LATENESS_MS = 6 * HOUR_MS
LAST = WindowFeature(
    name="last_fees",
    entity="device_id",
    statistic="last_n",
    column="transaction_fees_vnd",
    window_ms=HOUR_MS,
    n=3,
)
CATALOGUE = Catalogue((*BUILT_IN_WITH_LABELS.features, LAST, *CUSTOMER_FEATURES))
CUSTOMERS = {"C1": Customer(segment="private", kyc_level=1, customer_since=date(2025, 12, 20))}
BROKEN = {b"{": "malformed_json", b'{"transaction_id": 7}': "wrong_type"}
BY_THE_ACCOUNT = ("late", "conflicting_duplicate")
"""Outcomes for which the job writes a dead letter."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Streams:
    """The same arrivals through the job, the core and the reference."""

    rows: list[Row]
    dead_letters: list[Row]
    answers: list[Row]
    expected: list[Evaluated]
    stored: dict[str, str]
    """The profile of each entity and id in the store of the job, as hex."""
    computed: dict[str, str]
    """The same, as the core has them at the end."""

    def new(self) -> list[Row]:
        return [answer for answer in self.answers if answer.get("outcome") == "new"]


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def json_lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    folder = tmp_path_factory.mktemp("core")
    originals = transactions(SEED, 1_200)
    mixed = with_conflicts(with_copies(originals, SEED), SEED)
    timely = with_late_ones(mixed, SEED, late_ms=LATENESS_MS + 5 * HOUR_MS)
    stream = [*with_wrong_clocks(timely, SEED), *one_future_row()]
    known = labels(originals, SEED)
    (folder / "catalogue.json").write_text(CATALOGUE.to_json())
    rows = [{"customer_id": id_, **customer.texts()} for id_, customer in CUSTOMERS.items()]
    (folder / "customers.jsonl").write_bytes(joined([json.dumps(row).encode() for row in rows]))
    (folder / "in.jsonl").write_bytes(joined([*BROKEN, *(each.to_json() for each in stream)]))
    (folder / "labels.jsonl").write_bytes(joined([each.to_json() for each in known]))
    job = run_feature_job(
        *("--source", folder / "in.jsonl", "--labels", folder / "labels.jsonl"),
        *("--catalogue", folder / "catalogue.json", "--parallelism", "1", "--allowed-lateness", "6h"),
        *("--customer-metadata", folder / "customers.jsonl"),
        *("--features-out", folder / "features.jsonl", "--dead-letters-out", folder / "dead.jsonl"),
        *("--profile-store", f"sqlite:{folder / 'profiles.db'}"),
    )
    assert job.returncode == 0, job.stderr
    arrivals = list(merge_labels(stream, known))
    computed = folder / "computed.json"
    lines = [(b"L" if isinstance(each, Label) else b"T") + each.to_json() for each in arrivals]
    return Streams(
        rows=json_lines(folder / "features.jsonl"),
        dead_letters=json_lines(folder / "dead.jsonl"),
        answers=core_answers(folder, [*(b"T" + record for record in BROKEN), *lines], computed),
        expected=list(evaluate(CATALOGUE, arrivals, allowed_lateness_ms=LATENESS_MS, customers=CUSTOMERS)),
        stored=stored_profiles(folder / "profiles.db"),
        computed=json.loads(computed.read_text()),
    )


def stored_profiles(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT entity, id, profile FROM profiles").fetchall()
    return {f"{entity}#{id_}": profile.hex() for entity, id_, profile in rows}


def core_answers(folder: Path, lines: list[bytes], profiles: Path) -> list[Row]:
    process = subprocess.run(
        [
            *(sys.executable, "-m", "tests.job.core_probe", str(folder / "catalogue.json")),
            *(str(LATENESS_MS), str(folder / "customers.jsonl"), str(profiles)),
        ],
        cwd=ROOT,
        env=outside_environment(),
        input=joined(lines),
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert process.returncode == 0, process.stderr.decode()
    return [json.loads(line) for line in process.stdout.splitlines()]


def vector_of_row(row: Row) -> npt.NDArray[np.float64]:
    """Return the catalogue's vector for a line of the job's features."""
    vector = np.full(CATALOGUE.width, np.nan)
    for name, place in CATALOGUE.slices.items():
        value = row[name]
        if isinstance(value, list):
            columns = np.full((3, (place.stop - place.start) // 3), np.nan)
            for at, triple in enumerate(value):
                columns[:, at] = np.array(triple, dtype=float)
            vector[place] = columns.ravel()
        elif value is not None:
            vector[place] = value
    return vector


def vector_of_answer(answer: Row) -> npt.NDArray[np.float64]:
    return np.frombuffer(bytes.fromhex(answer["evaluated"]))


def test_the_stream_covers_every_outcome(streams: Streams) -> None:
    counts = Counter(each.outcome for each in streams.expected)
    assert counts["new"] >= 1_000
    assert counts["duplicate"] >= 50
    assert counts["late"] >= 20
    assert counts["conflicting_duplicate"] >= 20


def test_every_vector_of_the_core_equals_the_jobs_bit_for_bit(streams: Streams) -> None:
    new = streams.new()
    assert [answer["transaction_id"] for answer in new] == [row["transaction_id"] for row in streams.rows]
    found = np.stack([vector_of_answer(answer) for answer in new])
    wanted = np.stack([vector_of_row(row) for row in streams.rows])
    assert found.shape == wanted.shape
    wrong = ~((found == wanted) | (np.isnan(found) & np.isnan(wanted)))
    assert np.argwhere(wrong).tolist() == []


def test_every_profile_that_the_job_stores_equals_the_cores_bit_for_bit(streams: Streams) -> None:
    assert len(streams.computed) > 100
    assert streams.stored == streams.computed


def test_an_applied_transaction_keeps_the_vector_it_was_evaluated_with(streams: Streams) -> None:
    new = streams.new()
    assert new
    assert [answer["applied"] for answer in new] == [answer["evaluated"] for answer in new]


def test_the_lines_and_the_core_name_the_entities_out_of_reach_as_the_reference_does(
    streams: Streams,
) -> None:
    expected = [[*each.out_of_reach] for each in streams.expected if each.outcome == "new"]
    assert sum(each != [] for each in expected) >= 30
    assert [row.get("out_of_reach", []) for row in streams.rows] == expected
    assert [answer["out_of_reach"] for answer in streams.new()] == expected


def test_the_job_the_core_and_the_reference_agree_on_metadata_and_name_their_version(
    streams: Streams,
) -> None:
    new = [each for each in streams.expected if each.outcome == "new"]
    for name in (each.name for each in CUSTOMER_FEATURES):
        assert [row[name] for row in streams.rows] == pytest.approx([each.features[name] for each in new])
        assert len({row[name] for row in streams.rows} - {None}) >= 1
    versions = [row.get("metadata_version") for row in streams.rows]
    assert [answer["metadata_version"] for answer in streams.new()] == versions
    known = [version for version in versions if version is not None]
    assert len(set(known)) == 1
    assert [version is not None for version in versions] == [
        each.transaction.customer_id is not None for each in new
    ]


def test_one_future_row_changes_no_count_of_the_other_accounts_of_a_merchant(streams: Streams) -> None:
    rows = [row for row in streams.rows if row["account_id"].startswith("of-merchant-")]
    assert [row["merchant_count_1h"] for row in rows] == [1, 2, 1, 3, 4, 5]
    assert all("out_of_reach" not in row for row in rows)


def test_every_outcome_and_ordinal_equals_the_reference(streams: Streams) -> None:
    arrived = [answer for answer in streams.answers if "transaction_id" in answer]
    assert [(each["transaction_id"], each["outcome"]) for each in arrived] == [
        (each.transaction.transaction_id, each.outcome) for each in streams.expected
    ]
    assert [answer["ordinals"] for answer in streams.new()] == [
        each.ordinals for each in streams.expected if each.outcome == "new"
    ]


def test_the_core_rejects_the_same_records_as_the_job_for_the_same_reasons(streams: Streams) -> None:
    refused = [answer["refused"] for answer in streams.answers if "refused" in answer]
    letters = [each["reason"] for each in streams.dead_letters if each["reason"] not in BY_THE_ACCOUNT]
    assert refused == letters == list(BROKEN.values())


@pytest.mark.parametrize("outcome", BY_THE_ACCOUNT)
def test_the_core_reports_the_outcomes_of_the_dead_letters_of_the_job(streams: Streams, outcome: str) -> None:
    refused = [answer["transaction_id"] for answer in streams.answers if answer.get("outcome") == outcome]
    letters = [letter for letter in streams.dead_letters if letter["reason"] == outcome]
    assert refused
    assert sorted(refused) == sorted(json.loads(letter["raw"])["transaction_id"] for letter in letters)
