"""Answers of the decision API, counted by profile state and risk level, and the age of their profiles."""

import threading
from collections import Counter
from typing import Any, Final

import orjson

from producer.load.histogram import LogHistogram, percentiles_ms
from producer.load.request_statistics import is_success

FRESH: Final = "fresh"
UNREADABLE: Final = "unreadable"


class DecisionCounts:
    """Counters of the answers of ``POST /v1/decisions``; hold `lock` to read several values together."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.profiles: Counter[str] = Counter()
        self.risk_levels: Counter[str] = Counter()
        self.profile_age_ms = LogHistogram()
        """Of answers that have an age: the time that the store is behind."""
        self.problems: Counter[str] = Counter()
        """Answers with an error status, by the title of the problem."""

    @property
    def fresh_share(self) -> float | None:
        """The share of decisions with a fresh profile; None without decisions."""
        total = self.profiles.total()
        return self.profiles[FRESH] / total if total else None

    def on_answer(self, _number: int, status: int, body: bytes) -> None:
        """Count an answer. A decision that can't be read counts as unreadable in both counters."""
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        with self.lock:
            if is_success(status):
                self._count(answer)
            else:
                self.problems[str(answer.get("title") or status)] += 1

    def _count(self, decision: dict[str, Any]) -> None:
        self.profiles[str(decision.get("profile") or UNREADABLE)] += 1
        self.risk_levels[str(decision.get("risk_level") or UNREADABLE)] += 1
        age_ms = decision.get("profile_age_ms")
        if isinstance(age_ms, int | float):
            self.profile_age_ms.record_one(age_ms)

    def summary(self) -> dict[str, Any]:
        """Return JSON-ready values; the share is null without decisions, ages are null if none has one."""
        with self.lock:
            share = self.fresh_share
            return {
                "fresh_share": None if share is None else round(share, 4),
                "profiles": dict(sorted(self.profiles.items())),
                "risk_levels": dict(sorted(self.risk_levels.items())),
                "profile_lag_ms": percentiles_ms(self.profile_age_ms, (50, 99)),
                "problems": dict(sorted(self.problems.items())),
            }
