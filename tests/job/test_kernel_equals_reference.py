"""The kernel's steps agree with the naive reference over generated catalogues and streams."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from fraudstream.domain.reference import evaluate
from tests.fuzz_budget import examples
from tests.job.comparison import is_close
from tests.job.kernel_probe import KernelProbe, running_probe
from tests.strategies import Case, cases, shared_cases


@pytest.fixture(scope="module")
def probe() -> Iterator[KernelProbe]:
    with running_probe() as running:
        yield running


@settings(examples(400), suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_every_feature_outcome_and_ordinal_equals_the_reference(probe: KernelProbe, case: Case) -> None:
    assert_equal_to_the_reference(probe, case)


@settings(examples(60), suppress_health_check=list(HealthCheck))
@given(case=shared_cases())
def test_entities_that_accounts_with_wrong_clocks_share_equal_the_reference(
    probe: KernelProbe, case: Case
) -> None:
    assert_equal_to_the_reference(probe, case)


def assert_equal_to_the_reference(probe: KernelProbe, case: Case) -> None:
    limits: dict[str, Any] = {
        "allowed_lateness_ms": case.allowed_lateness_ms,
        "future_tolerance_ms": case.future_tolerance_ms,
        "customers": case.customers,
    }
    answers = probe.run(case.catalogue, case.arrivals, **limits)
    expected = list(evaluate(case.catalogue, case.arrivals, **limits))
    assert [answer.outcome for answer in answers] == [each.outcome for each in expected]
    assert [answer.out_of_reach for answer in answers] == [each.out_of_reach for each in expected]
    assert [answer.ordinals for answer in answers] == [each.ordinals for each in expected]
    statistics = {feature.name: feature.statistic for feature in case.catalogue.features}
    wrong = [
        (each.transaction.transaction_id, name, answer.features[name], value)
        for answer, each in zip(answers, expected, strict=True)
        for name, value in each.features.items()
        if not is_close(answer.features[name], value, statistics[name])
    ]
    assert wrong == []
