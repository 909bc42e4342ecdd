"""Parity check: decisions on stored profiles against the results of the job, bit for bit."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import orjson

from benchmarks.parity_traffic import key_of
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.domain.transaction import TransactionKey
from fraudstream.online.decision_engine import DecisionEngine
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.profiles.profile_rows import ProfileKey
from fraudstream.profiles.store_protocol import ProfileStore

SHOWN: Final = 20
LAST_DIGITS: Final = 1e-12
"""Largest relative difference of two sums of the same numbers in another order: see docs/adr/0025."""
STORE_PATIENCE_S: Final = 240.0
POLL_S: Final = 0.05
LONGEST_POLL_S: Final = 1.0
"""A store that is behind has more to do than to answer."""
SCORE: Final = "score"


class ParityError(Exception):
    """The check can't go on: the store does not reach a transaction that the job has counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """Result of the job for a transaction; without features and score unless its outcome is ``new``."""

    outcome: str
    ordinals: Mapping[str, int] = field(default_factory=dict)
    """By entity: the sequence number of the transaction in its history."""
    features: Mapping[str, float | None] | None = None
    score: float | None = None


class ParityJob(Protocol):
    """The job that is compared with."""

    def results(self, records: Sequence[bytes]) -> Mapping[TransactionKey, JobResult]:
        """Send records of different transactions, and return the result of each once all are there."""


@dataclass(slots=True)
class ParityReport:
    """Counts of a check; ``differences`` has the first ones, as lines of text."""

    compared: int = 0
    different: int = 0
    last_digits: int = 0
    """Decisions whose score is the same and some features differ in their last digits, by `LAST_DIGITS`."""
    outcomes: Counter[str] = field(default_factory=Counter)
    missing_values: int = 0
    """Features that are missing in both."""
    differences: list[str] = field(default_factory=list)
    rounded: list[str] = field(default_factory=list)
    """The first lines of ``last_digits``."""

    def summary(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "compared": self.compared,
            "different": self.different,
            "last_digits": self.last_digits,
            "outcomes": dict(sorted(self.outcomes.items())),
            "missing_values": self.missing_values,
            "differences": self.differences,
            "rounded": self.rounded,
        }


class ParityCheck:
    """Asks about each round, then sends it, and compares. The store must be the one that the job writes."""

    def __init__(self, engine: DecisionEngine, store: ProfileStore, job: ParityJob) -> None:
        self.report = ParityReport()
        self._engine = engine
        self._store = store
        self._job = job
        self._unseen: dict[ProfileKey, int] = {}

    def prepare(self, records: Sequence[bytes]) -> None:
        """Send records without asking about them, such as a long history."""
        self._note(records, self._job.results(records))

    def run(
        self,
        rounds: Iterable[Sequence[bytes]],
        on_round: Callable[[ParityReport], None] = lambda _report: None,
    ) -> ParityReport:
        """Compare every round; ``on_round`` is called after each.

        Raises `ParityError` if the store stays behind for `STORE_PATIENCE_S`.
        """
        for records in rounds:
            self._wait_for_store()
            decisions = self._engine.decide(records, with_reasons=False, with_features=True)
            results = self._job.results(records)
            for record, decided in zip(records, decisions, strict=True):
                self._compare(key_of(record), decided, results[key_of(record)])
            self._note(records, results)
            on_round(self.report)
        return self.report

    def _note(self, records: Sequence[bytes], results: Mapping[TransactionKey, JobResult]) -> None:
        """Note the ordinals that the store must reach before the next round."""
        for record, transaction in ((record, key_of(record)) for record in records):
            ids = ids_of(record)
            for entity, ordinal in results[transaction].ordinals.items():
                if ordinal and ids.get(entity):
                    key = ProfileKey(entity, ids[entity])
                    self._unseen[key] = max(ordinal, self._unseen.get(key, 0))

    def _wait_for_store(self) -> None:
        deadline_s = time.monotonic() + STORE_PATIENCE_S
        poll_s = POLL_S
        while self._unseen:
            keys = list(self._unseen)
            for key, row in zip(keys, self._store.read(keys), strict=True):
                if row is not None and row.ordinal >= self._unseen[key]:
                    del self._unseen[key]
            if self._unseen and time.monotonic() > deadline_s:
                key, ordinal = next(iter(self._unseen.items()))
                msg = f"the store did not reach {len(self._unseen)} profiles, such as {key} at {ordinal}"
                raise ParityError(msg)
            if self._unseen:
                time.sleep(poll_s)
                poll_s = min(2 * poll_s, LONGEST_POLL_S)

    def _compare(
        self, transaction: TransactionKey, decided: OnlineDecision | RefusedRecordError, result: JobResult
    ) -> None:
        self.report.compared += 1
        self.report.outcomes[result.outcome] += 1
        problem = _difference(decided, result)
        if problem is None:
            unlike = _unlike(decided, result)
            self.report.missing_values += sum(value is None for value in (result.features or {}).values())
            if unlike:
                self._add(transaction, "; ".join(map(str, unlike)), is_close=all(map(_is_close, unlike)))
        else:
            self._add(transaction, problem, is_close=False)

    def _add(self, transaction: TransactionKey, problem: str, *, is_close: bool) -> None:
        if is_close:
            self.report.last_digits += 1
        else:
            self.report.different += 1
        lines = self.report.rounded if is_close else self.report.differences
        if len(lines) < SHOWN:
            lines.append(f"{transaction.account_id}/{transaction.transaction_id}: {problem}")


class _Unlike(NamedTuple):
    """A value that is not the same: its name, that of the decision and that of the job."""

    name: str
    online: float | None
    job: float | None

    def __str__(self) -> str:
        return f"{self.name} {self.online!r}, the job has {self.job!r}"


def _difference(decided: OnlineDecision | RefusedRecordError, result: JobResult) -> str | None:
    if isinstance(decided, RefusedRecordError):
        return f"refused as {decided}, the job has {result.outcome}"
    if decided.profile == "missing":
        return "the profiles could not be read"
    if decided.outcome != result.outcome:
        return f"outcome {decided.outcome}, the job has {result.outcome}"
    return None


def _unlike(decided: OnlineDecision | RefusedRecordError, result: JobResult) -> list[_Unlike]:
    if result.features is None or isinstance(decided, RefusedRecordError):
        return []
    online = decided.features or {}
    values = [
        _Unlike(name, online.get(name), result.features.get(name))
        for name in sorted(online.keys() | result.features.keys())
    ]
    values.append(_Unlike(SCORE, decided.score, result.score))
    return [each for each in values if not is_same(each.online, each.job)]


def _is_close(each: _Unlike) -> bool:
    if each.name == SCORE or each.online is None or each.job is None:
        return False
    return math.isclose(each.online, each.job, rel_tol=LAST_DIGITS)


def is_same(one: float | None, other: float | None) -> bool:
    """Whether two values have the same bits; None is a missing value, and -0.0 differs from 0.0."""
    if one is None or other is None:
        return one is other
    return one == other and math.copysign(1.0, one) == math.copysign(1.0, other)


def ids_of(record: bytes) -> dict[str, str]:
    """Return the ids of a transaction as JSON, by their fields."""
    return {name: value for name, value in orjson.loads(record).items() if name.endswith("_id") and value}
