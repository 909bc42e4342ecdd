"""The verdict finds every change of every field, in every kind of record, and every lost or added record.

The mutations are generated from the records of a perfect run and from the models of the records, so a new
field is mutated without a change here. A field that no mutation changes, or that no record has, fails.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, NamedTuple
from zlib import crc32

import pytest

from drills.alert_comparison import AlertComparison
from drills.evidence import Evidence
from drills.letter_comparison import LetterComparison
from drills.live_job import WrittenRecord
from drills.scored_comparison import ScoredComparison
from drills.truth import Truth
from drills.verdict import judge
from fraudstream.domain.alert import Alert, Review
from fraudstream.domain.alert_reasons import Reason
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.runtime.project_root import ROOT
from tests.unit.drills.mutations import KINDS, Content, Mutation, Path, mutations_of
from tests.unit.drills.perfect_run import EXPECTED, run_of_every_kind


class Class(NamedTuple):
    """A kind of record: the stream that has it, and what tells it from others there."""

    stream: str
    is_of: Callable[[Content], bool]


CLASSES: Final[dict[str, Class]] = {
    "scored": Class("scored", lambda content: content["outcome"] == "new"),
    "duplicate": Class("scored", lambda content: content["outcome"] == "duplicate"),
    "alert": Class("alerts", lambda content: content["kind"] == "score"),
    "review": Class("alerts", lambda content: content["kind"] == "review"),
    "delivered alert": Class("handed_out", lambda content: content["kind"] == "score"),
    "delivered review": Class("handed_out", lambda content: content["kind"] == "review"),
    "dead letter": Class("dead_letters", lambda _: True),
    "late dead letter": Class("dead_letters", lambda content: content["reason"] == "late"),
}
OF_SUMMARIES: Final = {"count", "reasons", "from_byte", "to_byte", "ranges"}
"""Fields that only a dead letter of many records has; see test_verdict_summaries.py."""
OPTIONAL: Final = {"overflowing_features"}
"""Fields of a scored record that most records lack; test_drill_verdict.py has a record with it."""
REASON_FIELDS: Final = tuple(inspect.get_annotations(Reason))


@cache
def run() -> Evidence:
    """Return the run with a consumer, whose handler received each alert."""
    found = run_of_every_kind()
    return replace(found, handed_out=found.alerts)


def records(name: str) -> list[tuple[int, WrittenRecord]]:
    """Return the places and records of a class."""
    kind = CLASSES[name]
    return [(n, each) for n, each in enumerate(getattr(run(), kind.stream)) if kind.is_of(each.content)]


def mutations(name: str, kind: str) -> Iterator[Mutation]:
    """Yield a mutation of each field of a class."""
    return mutations_of(records(name), kind)


def is_feature(path: Path) -> bool:
    """Whether a path is that of a feature in a scored record or an alert."""
    return path[0] == "features" and len(path) > 1


@cache
def truth() -> Truth:
    """Return the truth of the run, which no mutation of the output changes."""
    return Truth(run().arrivals, BUILT_IN)


@cache
def right_scores() -> ScoredComparison:
    """Return the comparison of the scored records as they are."""
    return ScoredComparison(truth(), EXPECTED, run())


def with_records(stream: str, written: Sequence[WrittenRecord]) -> Evidence:
    """Return the run with other records in a stream."""
    changed: dict[str, Any] = {stream: written}
    return replace(run(), **changed)


def is_found(stream: str, written: Sequence[WrittenRecord]) -> bool:
    """Whether the parts of the verdict that read a stream find anything in these records."""
    evidence = with_records(stream, written)
    if stream == "dead_letters":
        return any(LetterComparison(truth(), evidence).findings())
    if stream == "scored":
        return any(ScoredComparison(truth(), EXPECTED, evidence).findings())
    return any(AlertComparison(truth(), EXPECTED, evidence, right_scores()).findings())


def with_contents(name: str, *mutated: tuple[int, Content]) -> list[WrittenRecord]:
    """Return the records of a stream with other contents at some places."""
    written = list(getattr(run(), CLASSES[name].stream))
    for place, content in mutated:
        written[place] = written[place]._replace(content=dict(content))
    return written


def test_the_run_itself_is_right() -> None:
    verdict = judge("perfect", EXPECTED, run())
    assert verdict.is_survived, verdict.complaints[:5]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_every_mutation_of_every_field_is_found(name: str, kind: str) -> None:
    missed = []
    for each in mutations(name, kind):
        # The features are many, and compared alike: a sample of them for each kind, all for "change".
        if kind != "change" and is_feature(each.path) and crc32(str(each.path[1]).encode()) % 9:
            continue
        if not is_found(CLASSES[name].stream, with_contents(name, (each.place, each.content))):
            missed.append(each.path)
    assert missed == []


FIELDS: Final = {
    "alert": set(Alert.model_fields),
    "review": set(Alert.model_fields)
    - {"overflowing_features", "reasons", "reasons_missing", "model_digest"},
    "delivered alert": set(Alert.model_fields),
    "dead letter": set(DeadLetter.model_fields) - OF_SUMMARIES,
    "scored": set(
        re.findall(
            r'JsonLine\.name\("([a-z_]+)"\)',
            (ROOT / "kernel/core/src/main/java/fraudstream/kernel/json/ScoredJson.java").read_text(),
        )
    )
    - OPTIONAL,
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_the_model_is_mutated(name: str) -> None:
    mutated = {each.path[0] for kind in ("drop", "change", "null") for each in mutations(name, kind)}
    assert FIELDS[name] <= mutated


def test_every_field_of_reviews_and_reasons_is_mutated() -> None:
    of_reviews = [each.path for each in mutations("review", "change") if each.path[0] == "review"]
    assert {path[1] for path in of_reviews if len(path) > 1} >= set(Review.model_fields)
    of_reasons = [each.path for each in mutations("alert", "change") if each.path[0] == "reasons"]
    assert {path[2] for path in of_reasons if len(path) > 2} >= set(REASON_FIELDS)


# ---- mutations of records ----


@pytest.mark.parametrize("name", CLASSES)
def test_a_record_that_is_missing_is_found(name: str) -> None:
    stream, (place, _) = CLASSES[name].stream, records(name)[0]
    written = list(getattr(run(), stream))
    del written[place]
    assert is_found(stream, written)
    assert not judge("missing", EXPECTED, with_records(stream, written)).is_survived


@pytest.mark.parametrize("name", CLASSES)
def test_a_record_that_is_there_twice_is_found(name: str) -> None:
    stream, (_, record) = CLASSES[name].stream, records(name)[0]
    written = [*getattr(run(), stream), record]
    assert is_found(stream, written)
    assert not judge("twice", EXPECTED, with_records(stream, written)).is_survived


@pytest.mark.parametrize("name", ["scored", "alert"])
def test_records_that_are_written_at_the_time_of_others_are_found(name: str) -> None:
    """The first record is written when the last one should be, and the other way around."""
    (first, one), (last, other) = records(name)[0], records(name)[-1]
    assert is_found(CLASSES[name].stream, with_contents(name, (first, other.content), (last, one.content)))
