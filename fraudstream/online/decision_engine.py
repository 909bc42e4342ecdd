"""Decision engine: decides on transactions with the stream's own features, model and thresholds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import orjson

from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.domain.transaction import TransactionKey, format_time
from fraudstream.online.core_jvm import CoreError
from fraudstream.online.online_decision import ActionFrom, OnlineDecision, ProfileState, action_of, risk_of
from fraudstream.online.online_kernel import Evaluation, OnlineKernel, OnlineTransaction
from fraudstream.online.profile_reading import ProfileReader, Profiles
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Decision, Matrix, Subject
from fraudstream.scoring.explanation import Explanation

REFUSED_BY_STREAM: Final[Mapping[str, str]] = {
    "late": "event_time lies further behind the newest of its account than the allowed lateness",
    "conflicting_duplicate": "the account already has a transaction with this transaction_id and other "
    "contents; give each transaction an id of its own",
}
WARM_UP_ROUNDS: Final = 400
NO_EXPLANATION: Final = Explanation(())


class ProfilesUnavailableError(Exception):
    """The profiles of a transaction are missing or stale, and the policy is to refuse such decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPolicy:
    """Choices of the bank."""

    decline_from: ActionFrom = "critical"
    max_profile_age_ms: int = 5_000
    """Profiles that are older are stale."""
    refuses_degraded: bool = False
    """Whether to refuse a decision without fresh profiles, instead of deciding on what is known."""


class _Known(NamedTuple):
    """A transaction with its features and the state of its profiles."""

    transaction: OnlineTransaction
    evaluation: Evaluation
    profile: ProfileState
    age_ms: int | None


class _Wanted(NamedTuple):
    reasons: bool
    features: bool


class DecisionEngine:
    """Decides on batches of transactions. Confined to one thread: one for each."""

    def __init__(
        self,
        kernel: OnlineKernel,
        reader: ProfileReader,
        decider: Decider,
        policy: DecisionPolicy,
        clock_ms: Callable[[], int],
    ) -> None:
        """Take ``clock_ms``, the time of arrival in epoch milliseconds."""
        self.reader = reader
        self._kernel = kernel
        self._decider = decider
        self._policy = policy
        self._clock_ms = clock_ms

    def decide(
        self, records: Sequence[bytes], *, with_reasons: bool = True, with_features: bool = False
    ) -> list[OnlineDecision | RefusedRecordError]:
        """Return a decision on each JSON record, in order, or the error with which the job refuses it.

        Reads the profiles of all records at once; none of them sees another. ``with_reasons`` explains the
        scores below the threshold too. Raises `ProfilesUnavailableError` if the policy says so.
        """
        arrival_ms = self._clock_ms()
        parsed = [self._parsed(record, arrival_ms) for record in records]
        transactions = [each for each in parsed if isinstance(each, OnlineTransaction)]
        known = self._known(transactions, arrival_ms)
        decisions = iter(self._decisions(known, arrival_ms, _Wanted(with_reasons, with_features)))
        return [each if isinstance(each, RefusedRecordError) else next(decisions) for each in parsed]

    def warm_up(self, rounds: int = WARM_UP_ROUNDS) -> None:
        """Decide on made-up transactions, whose profiles stay here, so that the JVM compiles what it needs.

        Takes about a second. Without it the first few hundred requests take several times as long as others.
        """
        now_ms = self._clock_ms()
        profiles: list[bytes | None] = [None] * len(self._kernel.entities)
        for number in range(rounds):
            transaction = self._kernel.parse(_made_up(number, now_ms), now_ms)
            evaluation = self._kernel.evaluate(transaction, profiles)
            known = _Known(transaction, evaluation, "fresh", 0)
            self._decisions([known], now_ms, _Wanted(reasons=True, features=True))
            _, changed = self._kernel.apply(transaction, profiles)
            profiles = [new or old for new, old in zip(changed, profiles, strict=True)]

    def _parsed(self, record: bytes, arrival_ms: int) -> OnlineTransaction | RefusedRecordError:
        try:
            return self._kernel.parse(record, arrival_ms)
        except RefusedRecordError as error:
            return error

    def _known(self, transactions: Sequence[OnlineTransaction], now_ms: int) -> list[_Known]:
        keys = dict.fromkeys(key for each in transactions for key in each.keys if key is not None)
        profiles = self.reader.read(list(keys)) if keys else Profiles({}, {})
        return [self._evaluated(each, profiles, now_ms) for each in transactions]

    def _evaluated(self, transaction: OnlineTransaction, profiles: Profiles, now_ms: int) -> _Known:
        age_ms = profiles.age_ms(transaction.keys, now_ms)
        state = profiles.state(age_ms, self._policy.max_profile_age_ms)
        found = [None if key is None else profiles.found.get(key) for key in transaction.keys]
        problem = profiles.error
        try:
            evaluation = self._kernel.evaluate(transaction, found)
        except CoreError as error:
            state, age_ms, problem = "missing", None, str(error)
            self.reader.last_error = problem
            evaluation = self._kernel.evaluate(transaction, [None] * len(found))
        if state != "fresh" and self._policy.refuses_degraded:
            msg = f"the profiles are {state}: {problem or f'their age is {age_ms} ms'}; try again later"
            raise ProfilesUnavailableError(msg)
        return _Known(transaction, evaluation, state, age_ms)

    def _decisions(self, known: Sequence[_Known], arrival_ms: int, wanted: _Wanted) -> list[OnlineDecision]:
        rows = [each for each in known if each.evaluation.vector is not None]
        vectors = np.array([each.evaluation.vector for each in rows])
        decided = self._scored(rows, vectors, arrival_ms)
        reasons = self._reasons(vectors, decided) if wanted.reasons else {}
        place = {id(each): row for row, each in enumerate(rows)}
        made = []
        for each in known:
            row = place.get(id(each))
            if row is None:
                made.append(self._unscored(each, arrival_ms))
            else:
                made.append(self._scored_decision(each, decided[row], reasons.get(row), arrival_ms, wanted))
        return made

    def _scored(self, rows: Sequence[_Known], vectors: Matrix, arrival_ms: int) -> Sequence[Decision]:
        if not rows:
            return ()
        subjects = [
            Subject(
                transaction_id=each.transaction.transaction_id,
                account_id=each.transaction.account_id,
                event_time_ms=each.transaction.event_time_ms,
                arrival_ms=arrival_ms,
                transaction_amount_vnd=each.transaction.transaction_amount_vnd,
            )
            for each in rows
        ]
        return self._decider.decide(subjects, vectors, self._clock_ms)

    def _reasons(self, vectors: Matrix, decided: Sequence[Decision]) -> dict[int, Explanation]:
        """Return the reasons of the rows without an alert, by row: an alert has its own."""
        rows = [row for row, each in enumerate(decided) if each.alert is None and each.score is not None]
        if not rows:
            return {}
        return dict(zip(rows, self._decider.explain(vectors[rows]), strict=True))

    def _scored_decision(
        self,
        known: _Known,
        decided: Decision,
        explanation: Explanation | None,
        arrival_ms: int,
        wanted: _Wanted,
    ) -> OnlineDecision:
        alert = decided.alert
        level = None if alert is None or alert.risk_level == "review" else alert.risk_level
        risk = risk_of(level, decided.score)
        vector = known.evaluation.vector
        findings = self._decider.judge.findings([] if vector is None else vector.tolist())
        reasons, missing = explanation or NO_EXPLANATION
        return self._decision(
            known,
            arrival_ms,
            decision=action_of(risk, self._policy.decline_from),
            score=decided.score,
            risk_level=risk,
            likely_fraud_type=None if alert is None else alert.likely_fraud_type,
            flags=findings.flags,
            reasons=reasons if alert is None else alert.reasons,
            reasons_missing=missing if alert is None else alert.reasons_missing,
            features=findings.features if wanted.features else None,
            overflowing_features=decided.overflowing,
            error=decided.error,
        )

    def _unscored(self, known: _Known, arrival_ms: int) -> OnlineDecision:
        return self._decision(
            known,
            arrival_ms,
            decision="review",
            score=None,
            risk_level=None,
            likely_fraud_type=None,
            flags=(),
            reasons=(),
            reasons_missing=None,
            features=None,
            overflowing_features=(),
            error=REFUSED_BY_STREAM[known.evaluation.outcome],
        )

    def _decision(self, known: _Known, arrival_ms: int, **findings: object) -> OnlineDecision:
        transaction, judge = known.transaction, self._decider.judge
        return OnlineDecision(
            transaction=TransactionKey(transaction.account_id, transaction.transaction_id),
            event_time_ms=transaction.event_time_ms,
            outcome=known.evaluation.outcome,
            threshold=judge.threshold,
            out_of_reach=known.evaluation.out_of_reach,
            profile=known.profile,
            profile_age_ms=known.age_ms,
            decided_at_ms=arrival_ms,
            model_version=judge.model_version,
            model_digest=judge.model_digest,
            catalogue_version=judge.catalogue_version,
            metadata_version=transaction.metadata_version,
            **findings,  # type: ignore[arg-type] # the fields that differ between the two kinds
        )


def _made_up(number: int, now_ms: int) -> bytes:
    """Return a transaction of an account; they are a millisecond apart."""
    return orjson.dumps({
        "transaction_id": f"warm-up-{number}",
        "event_time": format_time(now_ms - HOUR_MS + number),
        "account_id": "warm-up",
        "transaction_amount_vnd": 1_000 * (1 + number % 97),
        "device_id": f"warm-up-{number % 3}",
        "merchant_id": f"warm-up-{number % 5}",
        "counterparty_id": f"warm-up-{number % 7}",
    })  # fmt: skip
