"""Comparison of the dead letters with the truth."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from drills.evidence import Evidence, Finding
from drills.field_comparison import Number, differences, is_number
from drills.send_journal import sha256_of
from drills.truth import ExpectedRefusal, Truth
from fraudstream.domain.dead_letter import as_text
from fraudstream.domain.transaction import format_time

TOO_MANY_LETTERS: Final = "too_many_letters"
RAW_BYTES_PER_MINUTE: Final = 30 * 1024 * 1024
"""Default of the setting: a task writes letters without their records beyond it."""
WITHOUT_RAW: Final = {"encoding": "utf-8", "raw": "", "truncated": True}


class LetterComparison:
    """The dead letters of a run: one for each refused record, or a summary that counts it."""

    def __init__(self, truth: Truth, evidence: Evidence) -> None:
        self._may_repeat = evidence.may_repeat
        letters = [each.content for each in evidence.dead_letters]
        self._summaries = [each for each in letters if each.get("reason") == TOO_MANY_LETTERS]
        self._letters = [each for each in letters if each.get("reason") != TOO_MANY_LETTERS]
        self._due = {tuple(each.arrival.place): each for each in truth.refusals}
        self._fits_without_raw = _has_reached_the_limit(self._letters)

    def findings(self) -> Iterator[Finding]:
        """Yield what is lost or wrong."""
        written = Counter(map(_place, self._letters))
        for place, count in written.items():
            if place in self._due and count > 1 and not self._may_repeat:
                yield Finding("wrong", str(place), f"the record at {place} has {count} dead letters")
        for letter in self._letters:
            yield from self._wrong_letter(letter)
        missing = [refusal for place, refusal in self._due.items() if not written[place]]
        yield from self._wrong_summaries(missing)

    def _wrong_letter(self, letter: Mapping[str, Any]) -> Iterator[Finding]:
        about = str(letter.get("sha256"))
        refusal = self._due.get(_place(letter))
        if refusal is None:
            text = f"dead letter {about} ({letter.get('reason')}) is about no refused record"
            yield Finding("wrong", about, text)
            return
        expected = _content(refusal)
        if self._fits_without_raw and letter.get("raw") == "":
            expected |= WITHOUT_RAW
        for each in differences(letter, expected):
            text = f"dead letter {about}: {each.path} is {each.value!r:.200}, expected {each.expected!r:.200}"
            yield Finding("wrong", about, text)

    def _wrong_summaries(self, missing: Sequence[ExpectedRefusal]) -> Iterator[Finding]:
        counted: Counter[str] = Counter()
        for summary in self._summaries:
            reasons, ranges = summary.get("reasons"), summary.get("ranges")
            if not isinstance(reasons, dict) or not all(map(is_number, reasons.values())):
                yield Finding("wrong", str(summary), f"the summary {summary} counts nothing")
                continue
            counted.update(reasons)
            for each in differences(summary, _summary(reasons, ranges)):
                text = f"summary of dead letters: {each.path} is {each.value}, expected {each.expected}"
                yield Finding("wrong", str(summary.get("sha256")), text)
            yield from _wrong_ranges(ranges, sum(reasons.values()), missing)
        wanted = Counter(each.reason for each in missing)
        for reason, count in (wanted - counted).items():
            yield from (
                Finding("lost", f"{reason} {number}", f"a refused record ({reason}) has no dead letter")
                for number in range(count)
            )
        for reason, count in (counted - wanted).items():
            if not self._may_repeat:
                text = f"the summaries of dead letters count {count} {reason} too many"
                yield Finding("wrong", f"summaries of {reason}", text)


def _place(letter: Mapping[str, Any]) -> tuple[Any, ...]:
    return str(letter.get("shard_id")), str(letter.get("sequence_number"))


def _content(refusal: ExpectedRefusal) -> dict[str, Any]:
    arrival = refusal.arrival
    data = arrival.item.record.data
    encoding, raw = as_text(data)
    return {
        "reason": refusal.reason,
        "detail": refusal.detail,
        "encoding": encoding,
        "raw": raw,
        "truncated": False,
        "size_bytes": len(data),
        "sha256": sha256_of(data),
        "shard_id": arrival.place.shard_id,
        "sequence_number": arrival.place.sequence_number,
        "arrival_time": format_time(arrival.arrival_ms),
    }


def _has_reached_the_limit(letters: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the letters can have used up what a task writes in a minute, but for the last record."""
    raws = [raw for each in letters if isinstance(raw := each.get("raw"), str)]
    return sum(map(len, raws)) >= RAW_BYTES_PER_MINUTE - max(map(len, raws), default=0)


def _summary(reasons: Mapping[str, int], ranges: object) -> dict[str, Any]:
    words = ", ".join(f"{reasons[reason]} {reason}" for reason in sorted(reasons))
    total = sum(reasons.values())
    return {
        "reason": TOO_MANY_LETTERS,
        "detail": f"{total} more refused records ({words}); get the records of these ranges again by their "
        "shards and sequence numbers, and see to their producers",
        "count": total,
        "reasons": dict(reasons),
        **WITHOUT_RAW,
        "size_bytes": Number(),
        "sha256": sha256_of(json.dumps(ranges, separators=(",", ":")).encode()),
        **dict.fromkeys(("shard_id", "sequence_number", "arrival_time")),
        "ranges": ranges,
    }


def _wrong_ranges(ranges: object, total: int, missing: Sequence[ExpectedRefusal]) -> Iterator[Finding]:
    """Yield the ranges that do not contain as many refused records without a letter as they count."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for refusal in missing:
        numbers[refusal.arrival.place.shard_id].append(int(refusal.arrival.place.sequence_number))
    rows = ranges if isinstance(ranges, list) else []
    counted = 0
    for row in rows:
        try:
            first, last = int(row["first_sequence_number"]), int(row["last_sequence_number"])
            within = [each for each in numbers[row["shard_id"]] if first <= each <= last]
            is_right = len(row) == 4 and {first, last} <= set(within) and 0 < row["count"] <= len(within)  # noqa: PLR2004
            counted += row["count"]
        except (KeyError, TypeError, ValueError):
            is_right = False
        if not is_right:
            yield Finding("wrong", str(row), f"the range {row} of a summary is not that of refused records")
    if counted != total:
        yield Finding("wrong", str(ranges), f"the ranges of a summary count {counted} records, not {total}")
