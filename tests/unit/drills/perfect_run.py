"""The output of a correct job for a load, from the reference and the model."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from drills.live_job import WrittenRecord
from drills.load import Effort, SentItem, ordinary, transactions_of
from drills.verdict import Evidence, ExpectedOutput
from fraudstream.domain.alert import alert_id
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.reference import evaluate
from fraudstream.domain.transaction import TransactionKey
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.scorer import Scorer

NOW_MS: Final = 1_767_373_200_000


@cache
def scorer_of(catalogue: Catalogue) -> Scorer:
    """Return the project's model for the catalogue's vectors."""
    return Scorer.load(ROOT / "models" / "v1", catalogue)


SCORER: Final = scorer_of(BUILT_IN)
EXPECTED: Final = ExpectedOutput.of([(BUILT_IN, SCORER)])
DAY_MS: Final = 86_400_000


@cache
def perfect_run() -> Evidence:
    """Return a run of 150 transactions; number n is first sent at n ms and scored 100 ms later."""
    return evidence_of(ordinary(Effort(transactions=150), NOW_MS))


def evidence_of(items: Sequence[SentItem], catalogue: Catalogue = BUILT_IN) -> Evidence:
    """Return a correct job's output for valid transactions; the fault is at 0 ms and ends at once."""
    evaluated = list(evaluate(catalogue, transactions_of(items), allowed_lateness_ms=DAY_MS))
    matrix = np.array(
        [[each.features[name] for name in catalogue.names] for each in evaluated], dtype=np.float64
    )
    records = [
        {
            "transaction_id": each.transaction.transaction_id,
            "account_id": each.transaction.account_id,
            "outcome": "new",
            "score": score,
            "catalogue_version": catalogue.version,
            "ordinals": each.ordinals,
            "features": each.features,
        }
        for each, score in zip(evaluated, scorer_of(catalogue).score(matrix).tolist(), strict=True)
    ]
    alerts = [alert_of(record) for record in records if EXPECTED.judge.is_due(record["score"])]
    return Evidence(
        items=items,
        first_try_ms={TransactionKey.of(record): number for number, record in enumerate(records)},
        scored=[WrittenRecord(record, number + 100) for number, record in enumerate(records)],
        alerts=[WrittenRecord(alert, 0) for alert in alerts],
        dead_letters=[],
        began_ms=0,
        ended_ms=0,
    )


def alert_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an alert that a verdict compares."""
    key = TransactionKey.of(record)
    own_id = alert_id(key, EXPECTED.judge.model_digest)
    return {"alert_id": own_id, **key._asdict(), "score": record["score"]}


def letter_of(item: SentItem, sequence_number: int, reason: str | None = None) -> WrittenRecord:
    """Return the dead letter of an invalid record."""
    letter = {
        "reason": reason or item.reason,
        "detail": "",
        "encoding": "utf-8",
        "raw": "",
        "truncated": True,
        "size_bytes": len(item.record.data),
        "sha256": item.sha256,
        "shard_id": "shard",
        "sequence_number": str(sequence_number),
    }
    return WrittenRecord(letter, 0)


def with_changed(evidence: Evidence, place: int, **fields: Any) -> Evidence:  # noqa: ANN401 - whatever a record has
    """Return the evidence with changed fields in the scored record at ``place``."""
    record = evidence.scored[place]
    changed = record._replace(content=record.content | fields)
    scored = [*evidence.scored[:place], changed, *evidence.scored[place + 1 :]]
    return replace(evidence, scored=scored)
