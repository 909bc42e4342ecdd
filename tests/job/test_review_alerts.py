"""The kernel writes the review alerts that the domain defines."""

import hashlib
import json
from dataclasses import dataclass

import pytest
from pyflink.java_gateway import get_gateway

from fraudstream.domain.alert import Alert, stable_id
from fraudstream.domain.review import SENTENCES, review_alert
from jobs.environment import start_jvm

NO_TIME = -(2**63)
TIME_MS = 1_767_323_045_678


@dataclass(frozen=True)
class Case:
    account: str = "A1"
    transaction: str = "T1"
    reason: str = "late"
    detail: str = "25 h"
    event_time_ms: int | None = TIME_MS
    arrival_ms: int | None = TIME_MS + 1
    amount_vnd: float | None = 250_000.5
    record: bytes = b"{}"

    @property
    def record_sha256(self) -> str:
        return hashlib.sha256(self.record).hexdigest()

    def of_the_domain(self) -> Alert:
        return review_alert(
            self.account,
            self.transaction,
            self.reason,
            self.detail,
            event_time_ms=self.event_time_ms,
            arrival_ms=self.arrival_ms,
            transaction_amount_vnd=self.amount_vnd,
            record_sha256=self.record_sha256,
            model_version="v1",
            catalogue_version="abc",
        )

    def of_the_kernel(self) -> bytes:
        json_package = get_gateway().jvm.fraudstream.kernel.json
        # As the job passes them on.
        reasons = get_gateway().jvm.java.util.HashMap()
        for reason, words in SENTENCES.items():
            reasons[reason] = get_gateway().jvm.java.util.List.of(*words)
        subject = json_package.ReviewJson.Subject(
            self.account,
            self.transaction,
            NO_TIME if self.event_time_ms is None else self.event_time_ms,
            NO_TIME if self.arrival_ms is None else self.arrival_ms,
            float("nan") if self.amount_vnd is None else self.amount_vnd,
            self.record_sha256,
        )
        writer = json_package.ReviewJson(reasons, "v1", "abc")
        return bytes(writer.one(subject, self.reason, self.detail))


@pytest.fixture(scope="module", autouse=True)
def _running_jvm() -> None:
    start_jvm({})


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case(event_time_ms=None, arrival_ms=None, amount_vnd=None),
        Case("Ă", "Huế \U0001f600", detail='a "quote", a \\ and a \x1b'),
        Case("", ""),
        Case("A1T", "1"),
        Case(record=b"another record of the same ids"),
        Case(event_time_ms=-1, amount_vnd=1e15),
        Case(amount_vnd=0.1, event_time_ms=-62_135_596_800_000),
        Case(reason="a reason of a later release"),
        *(Case(reason=reason) for reason in SENTENCES),
    ],
)
def test_an_alert_of_the_kernel_is_that_of_the_domain(case: Case) -> None:
    expected = case.of_the_domain()
    record = case.of_the_kernel()
    assert Alert.from_json(record) == expected
    # Each field that the kernel leaves out has a default, and it has none of its own.
    assert json.loads(record).items() <= json.loads(expected.to_json()).items()


def test_ids_of_texts_are_the_same_here_and_there() -> None:
    case = Case("ab", "c")
    review = json.loads(case.of_the_kernel())
    assert review["alert_id"] == stable_id("fraudstream review", "ab", "c", "late", case.record_sha256)
