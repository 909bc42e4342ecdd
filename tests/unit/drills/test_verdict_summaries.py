"""The verdict checks the summaries of review alerts and dead letters, field by field and in sum."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest

from drills.alert_comparison import AlertComparison
from drills.evidence import Evidence
from drills.expected_refusals import salvaged
from drills.letter_comparison import LetterComparison
from drills.live_job import WrittenRecord
from drills.scored_comparison import ScoredComparison
from drills.send_journal import sha256_of
from drills.truth import Truth
from drills.verdict import judge
from fraudstream.domain.alert import stable_id
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.review import SENTENCES
from fraudstream.domain.transaction import format_time, parse_time_ms
from tests.unit.drills.mutations import KINDS, mutations_of
from tests.unit.drills.perfect_run import EXPECTED, run_of_every_kind

SUMMED_UP: Final = 6


def reviews() -> list[WrittenRecord]:
    return [each for each in run_of_every_kind().alerts if each.content["kind"] == "review"]


def sha256_of_review(review: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the record that a review alert is about."""
    ids = (review["account_id"], review["transaction_id"])
    return next(
        each.item.sha256
        for each in run_of_every_kind().arrivals
        if format_time(each.arrival_ms) == review["arrival_time"]
        and (known := salvaged(each.item.record.data))
        and (known.account_id, known.transaction_id) == ids
    )


def review_summary(covered: Sequence[WrittenRecord], *, of_account: bool = False) -> WrittenRecord:
    """Return the summary of review alerts, of one account or of many."""
    first = covered[0].content
    account, reason = first["account_id"], first["review"]["reason"]
    reasons = dict(sorted(Counter(each.content["review"]["reason"] for each in covered).items()))
    words = ", ".join(f"{count} {name}" for name, count in reasons.items())
    minute_ms = parse_time_ms(first["arrival_time"]) // MINUTE_MS * MINUTE_MS
    texts = (account, first["transaction_id"], reason)
    if of_account:
        id_ = stable_id("fraudstream reviews of account", *texts, str(minute_ms), "1")
        begin, kind = f"in the minute from {format_time(minute_ms)}", "many_reviews"
    else:
        arrival_ms = str(parse_time_ms(first["arrival_time"]))
        id_ = stable_id("fraudstream reviews of task", *texts, sha256_of_review(first), arrival_ms, words)
        begin, kind = f"of many accounts, the first {account}", "many_accounts"
    return covered[0]._replace(
        content=first
        | {
            "alert_id": id_,
            "transaction_id": None,
            "account_id": account if of_account else None,
            **dict.fromkeys(("event_time", "arrival_time", "transaction_amount_vnd")),
            "review": {
                "reason": kind,
                "detail": f"{begin}, besides those with an alert of their own: {words}; see the dead letters",
                "sentence_en": SENTENCES[kind].english,
                "sentence_vi": SENTENCES[kind].vietnamese,
                "count": len(covered),
                "reasons": reasons,
            },
        }
    )


def letter_summary(covered: Sequence[WrittenRecord]) -> WrittenRecord:
    """Return the summary of dead letters."""
    reasons = dict(sorted(Counter(each.content["reason"] for each in covered).items()))
    words = ", ".join(f"{count} {name}" for name, count in reasons.items())
    ranges = []
    for shard in sorted({each.content["shard_id"] for each in covered}):
        numbers = [
            int(each.content["sequence_number"]) for each in covered if each.content["shard_id"] == shard
        ]
        ranges.append(
            {
                "shard_id": shard,
                "first_sequence_number": str(min(numbers)),
                "last_sequence_number": str(max(numbers)),
                "count": len(numbers),
            }
        )
    content: dict[str, Any] = {
        "reason": "too_many_letters",
        "detail": f"{len(covered)} more refused records ({words}); get the records of these ranges again by "
        "their shards and sequence numbers, and see to their producers",
        "count": len(covered),
        "reasons": reasons,
        "encoding": "utf-8",
        "raw": "",
        "truncated": True,
        "size_bytes": 4_711,
        "sha256": sha256_of(json.dumps(ranges, separators=(",", ":")).encode()),
        **dict.fromkeys(("shard_id", "sequence_number", "arrival_time")),
        "ranges": ranges,
    }
    return covered[0]._replace(content=content)


@cache
def run() -> Evidence:
    """Return a run with a summary of reviews of many accounts, one of a review, and one of letters."""
    found = run_of_every_kind()
    others = [each for each in found.alerts if each not in reviews()[:SUMMED_UP]]
    many, one = reviews()[: SUMMED_UP - 1], reviews()[SUMMED_UP - 1 : SUMMED_UP]
    return replace(
        found,
        alerts=[review_summary(many), review_summary(one, of_account=True), *others],
        dead_letters=[letter_summary(found.dead_letters[:SUMMED_UP]), *found.dead_letters[SUMMED_UP:]],
    )


@cache
def right_scores() -> ScoredComparison:
    """Return the comparison of the scored records, which no mutation of a summary changes."""
    return ScoredComparison(Truth(run().arrivals, BUILT_IN), EXPECTED, run())


def is_found(evidence: Evidence) -> bool:
    """Whether the parts of the verdict that read alerts and dead letters find anything."""
    scored = right_scores()
    alerts = AlertComparison(scored.truth, EXPECTED, evidence, scored)
    return any(alerts.findings()) or any(LetterComparison(scored.truth, evidence).findings())


def with_record(stream: str, place: int, content: Any) -> Evidence:  # noqa: ANN401 - JSON
    written = list(getattr(run(), stream))
    written[place] = written[place]._replace(content=content)
    changed: dict[str, Any] = {stream: written}
    return replace(run(), **changed)


def test_what_a_summary_counts_is_not_lost() -> None:
    verdict = judge("summaries", EXPECTED, run())
    assert verdict.is_survived, verdict.complaints


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("stream", "place"), [("alerts", 0), ("alerts", 1), ("dead_letters", 0)])
def test_every_mutation_of_a_summary_is_found(stream: str, place: int, kind: str) -> None:
    summary = getattr(run(), stream)[place]
    missed = [
        each.path
        for each in mutations_of([(place, summary)], kind)
        if not is_found(with_record(stream, place, each.content))
    ]
    # The size of the letters that were never written is not known.
    assert [path for path in missed if path != ("size_bytes",) or kind not in {"change", "duplicate"}] == []


def test_the_summary_of_letters_has_the_fields_that_other_letters_lack() -> None:
    of_parts = {"from_byte", "to_byte"}
    assert set(run().dead_letters[0].content) >= set(DeadLetter.model_fields) - of_parts


@pytest.mark.parametrize("stream", ["alerts", "dead_letters"])
def test_a_summary_that_is_missing_loses_what_it_counts(stream: str) -> None:
    changed: dict[str, Any] = {stream: getattr(run(), stream)[1:]}
    lost = SUMMED_UP - 1 if stream == "alerts" else SUMMED_UP
    assert judge("missing", EXPECTED, replace(run(), **changed)).lost == lost


@pytest.mark.parametrize("stream", ["alerts", "dead_letters"])
def test_a_summary_that_is_there_twice_is_wrong(stream: str) -> None:
    written = getattr(run(), stream)
    changed: dict[str, Any] = {stream: [written[0], *written]}
    assert judge("twice", EXPECTED, replace(run(), **changed)).wrong > 0
