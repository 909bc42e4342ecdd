"""The output of a correct job for a load, from the reference and the model."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from drills.arrivals import Arrival
from drills.evidence import Evidence, ExpectedOutput
from drills.expected_refusals import detail, salvaged
from drills.field_comparison import Matching
from drills.live_job import WrittenRecord
from drills.load import Effort, SentItem, ordinary, shard_number, with_broken
from drills.send_journal import Place
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.dead_letter import as_text
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.features import OUT_OF_REACH
from fraudstream.domain.reference import Evaluated, evaluate
from fraudstream.domain.review import review_alert
from fraudstream.domain.transaction import Transaction, TransactionKey, format_time
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Decision, Subject
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.protocols import Record

NOW_MS: Final = 1_767_373_200_000
STEP_MS: Final = 1_000
SHARDS: Final = 4
LEFT_OUT: Final = ("overflowing_features", "reasons", "reasons_missing", "model_digest")
"""Fields that the kernel does not write in review alerts."""


@cache
def scorer_of(catalogue: Catalogue) -> Scorer:
    """Return the project's model for the catalogue's vectors."""
    return Scorer.load(ROOT / "models" / "v1", catalogue)


SCORER: Final = scorer_of(BUILT_IN)
EXPECTED: Final = ExpectedOutput.of([(BUILT_IN, SCORER)])


@cache
def perfect_run() -> Evidence:
    """Return a run of 150 transactions: one is sent each second, and scored 100 ms later."""
    return evidence_of(ordinary(Effort(transactions=150), NOW_MS))


@cache
def run_of_every_kind() -> Evidence:
    """Return a small run that has every kind of record that a job can write, except summaries."""
    items = with_broken(Effort(transactions=60, broken=28), NOW_MS)
    sound = [item.transaction for item in items if item.transaction is not None]
    copies = [sent_item(each) for each in sound[-3:]]
    conflicts = [
        sent_item(replace(each, transaction_amount_vnd=each.transaction_amount_vnd + 1))
        for each in sound[-5:-3]
    ]
    # As late as the newest transaction of the account makes it.
    late = [
        sent_item(
            replace(each, transaction_id=f"LATE-{number}", event_time_ms=each.event_time_ms - 9 * DAY_MS)
        )
        for number, each in enumerate(sound[-2:])
    ]
    return evidence_of([*items, *copies, *conflicts, *late])


def sent_item(transaction: Transaction) -> SentItem:
    """Return the item of a valid transaction."""
    return SentItem(Record(transaction.to_json(), transaction.account_id), transaction)


def arrivals_of(items: Sequence[SentItem]) -> list[Arrival]:
    """Return the arrivals of items in their order: one each second, 10 ms after it was sent."""
    return [
        Arrival(
            item,
            Place(f"shardId-{shard_number(item.record.partition_key, SHARDS):012}", str(10**20 + number)),
            NOW_MS + number * STEP_MS + 10,
            NOW_MS + number * STEP_MS,
        )
        for number, item in enumerate(items)
    ]


def evidence_of(items: Sequence[SentItem], catalogue: Catalogue = BUILT_IN) -> Evidence:
    """Return a correct job's output for a load; the fault is at the start and ends at once."""
    arrivals = arrivals_of(items)
    sound = [each for each in arrivals if each.item.transaction is not None]
    transactions = [each.item.transaction for each in sound if each.item.transaction is not None]
    evaluated = list(evaluate(catalogue, transactions, allowed_lateness_ms=DAY_MS))
    pairs = list(zip(sound, evaluated, strict=True))
    new = [(arrival, each) for arrival, each in pairs if each.outcome == "new"]
    decisions = decisions_of(new, catalogue)
    refused = [(each, each.item.reason) for each in arrivals if each.item.reason is not None]
    refused += [
        (arrival, each.outcome) for arrival, each in pairs if each.outcome not in {"new", "duplicate"}
    ]
    scored = [
        written(scored_record(arrival, each, decision, catalogue), arrival)
        for (arrival, each), decision in zip(new, decisions, strict=True)
    ]
    scored += [
        written(duplicate_record(arrival, catalogue), arrival)
        for arrival, each in pairs
        if each.outcome == "duplicate"
    ]
    alerts = [
        written(json.loads(decision.alert.to_json()), arrival)
        for (arrival, _), decision in zip(new, decisions, strict=True)
        if decision.alert is not None
    ]
    reviews = [review_of(arrival, reason or "", catalogue) for arrival, reason in refused]
    return Evidence(
        items=items,
        arrivals=arrivals,
        scored=scored,
        alerts=[*alerts, *(each for each in reviews if each is not None)],
        dead_letters=[letter_of(arrival, reason or "") for arrival, reason in refused],
        began_ms=NOW_MS,
        ended_ms=NOW_MS,
    )


def decisions_of(new: Sequence[tuple[Arrival, Evaluated]], catalogue: Catalogue) -> Sequence[Decision]:
    """Return the model's decisions; each alert is made 60 ms after its transaction was sent."""
    decider = ExpectedOutput.of([(catalogue, scorer_of(catalogue))]).deciders[catalogue.version]
    rows = [[each.features[name] for name in catalogue.names] for _, each in new]
    return [
        decider.decide(
            [subject_of(arrival, each.transaction)],
            np.array([row], dtype=np.float64),
            lambda arrival=arrival: arrival.attempted_ms + 60,  # type: ignore[misc]
        )[0]
        for (arrival, each), row in zip(new, rows, strict=True)
    ]


def subject_of(arrival: Arrival, transaction: Transaction) -> Subject:
    """Return the facts that an alert repeats."""
    return Subject(
        transaction_id=transaction.transaction_id,
        account_id=transaction.account_id,
        event_time_ms=transaction.event_time_ms,
        arrival_ms=arrival.arrival_ms,
        transaction_amount_vnd=transaction.transaction_amount_vnd,
    )


def written(content: dict[str, Any], arrival: Arrival) -> WrittenRecord:
    """Return a record that the job wrote 100 ms after the transaction was sent."""
    return WrittenRecord(content, arrival.attempted_ms + 100)


def scored_record(
    arrival: Arrival, evaluated: Evaluated, decision: Decision, catalogue: Catalogue
) -> dict[str, Any]:
    """Return the record of a scored transaction, as ``ScoredJson`` writes it."""
    out_of_reach = {OUT_OF_REACH: [*evaluated.out_of_reach]} if evaluated.out_of_reach else {}
    overflowing = {"overflowing_features": list(decision.overflowing)} if decision.overflowing else {}
    return {
        "transaction_id": evaluated.transaction.transaction_id,
        "account_id": evaluated.transaction.account_id,
        "event_time": format_time(evaluated.transaction.event_time_ms),
        "arrival_time": format_time(arrival.arrival_ms),
        "scored_at": format_time(arrival.attempted_ms + 70),
        "outcome": "new",
        "score": decision.score,
        "model_version": EXPECTED.judge.model_version,
        "catalogue_version": catalogue.version,
        "ordinals": dict(evaluated.ordinals),
        "features": dict(evaluated.features),
        **out_of_reach,
        **overflowing,
    }


def duplicate_record(arrival: Arrival, catalogue: Catalogue = BUILT_IN) -> dict[str, Any]:
    """Return the record of a duplicate, as ``ScoredJson`` writes it."""
    transaction = arrival.item.transaction
    assert transaction is not None
    return {
        "transaction_id": transaction.transaction_id,
        "account_id": transaction.account_id,
        "event_time": format_time(transaction.event_time_ms),
        "arrival_time": format_time(arrival.arrival_ms),
        "scored_at": None,
        "outcome": "duplicate",
        "score": None,
        "model_version": EXPECTED.judge.model_version,
        "catalogue_version": catalogue.version,
        "ordinals": None,
        "features": None,
    }


def alert_of(run: Evidence, key: TransactionKey, threshold: float = 0.0) -> dict[str, Any]:
    """Return the alert of a transaction under a threshold, by default as if its score were due one."""
    record = next(each.content for each in run.scored if TransactionKey.of(each.content) == key)
    arrival = next(
        each for each in run.arrivals if each.item.transaction and each.item.transaction.key == key
    )
    transaction = arrival.item.transaction
    assert transaction is not None
    decider = Decider(SCORER, BUILT_IN, threshold=threshold)
    vector = np.array([[record["features"][name] for name in BUILT_IN.names]], dtype=np.float64)
    alert = decider.decide([subject_of(arrival, transaction)], vector, lambda: arrival.attempted_ms + 60)[
        0
    ].alert
    assert alert is not None
    content: dict[str, Any] = json.loads(alert.to_json())
    return content


def review_of(arrival: Arrival, reason: str, catalogue: Catalogue = BUILT_IN) -> WrittenRecord | None:
    """Return the review alert of a refused record; None if its ids are not known."""
    known = salvaged(arrival.item.record.data)
    if not known.has_ids:
        return None
    alert = review_alert(
        known.account_id or "",
        known.transaction_id or "",
        reason,
        detail_of(arrival, reason),
        event_time_ms=known.event_time_ms,
        arrival_ms=arrival.arrival_ms,
        transaction_amount_vnd=known.transaction_amount_vnd,
        record_sha256=arrival.item.sha256,
        model_version=EXPECTED.judge.model_version,
        catalogue_version=catalogue.version,
    )
    content = {name: each for name, each in json.loads(alert.to_json()).items() if name not in LEFT_OUT}
    return written(content, arrival)


def letter_of(arrival: Arrival, reason: str) -> WrittenRecord:
    """Return the dead letter of a refused record, as ``DeadLetterJson`` writes it."""
    encoding, raw = as_text(arrival.item.record.data)
    letter = {
        "reason": reason,
        "detail": detail_of(arrival, reason),
        "encoding": encoding,
        "raw": raw,
        "truncated": False,
        "size_bytes": len(arrival.item.record.data),
        "sha256": arrival.item.sha256,
        **arrival.place._asdict(),
        "arrival_time": format_time(arrival.arrival_ms),
    }
    return written(letter, arrival)


def detail_of(arrival: Arrival, reason: str) -> str:
    """Return the detail of a refusal; that of a record that was cut off depends on the parser."""
    text = detail(arrival.item.record.data, reason, arrival.arrival_ms)
    return "Unexpected end-of-input in VALUE_STRING" if isinstance(text, Matching) else text


def with_changed(evidence: Evidence, place: int, **fields: Any) -> Evidence:  # noqa: ANN401 - whatever a record has
    """Return the evidence with changed fields in the scored record at ``place``."""
    record = evidence.scored[place]
    changed = record._replace(content=record.content | fields)
    scored = [*evidence.scored[:place], changed, *evidence.scored[place + 1 :]]
    return replace(evidence, scored=scored)
