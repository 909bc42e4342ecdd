"""The kernel's steps against the naive reference, over drawn catalogues and streams."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from fraudstream.reference import Value, evaluate
from tests.job.kernel_probe import KernelProbe, running_probe
from tests.strategies import Case, cases

RELATIVE = 1e-9
STD_RELATIVE = 1e-6
"""A standard deviation may be this far from the exact value."""
Z_SCORE_ABSOLUTE = 1e-6
"""A value that lies all but on the mean is that near to a z-score of 0, and may be on either side of it."""


@pytest.fixture(scope="module")
def probe() -> Iterator[KernelProbe]:
    with running_probe() as running:
        yield running


def is_close(value: Value, expected: Value, relative: float, absolute: float = 0) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(
                is_close(one, other, relative)
                for triple, expected_triple in zip(value, expected, strict=True)
                for one, other in zip(triple, expected_triple, strict=True)
            )
        )
    if value is None or expected is None or isinstance(value, list):
        return value is expected
    return math.isclose(value, expected, rel_tol=relative, abs_tol=absolute)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_every_feature_outcome_and_ordinal_is_the_references(probe: KernelProbe, case: Case) -> None:
    answers = probe.run(case.catalogue, case.arrivals, allowed_lateness_ms=case.allowed_lateness_ms)
    expected = list(evaluate(case.catalogue, case.arrivals, allowed_lateness_ms=case.allowed_lateness_ms))
    assert [answer.outcome for answer in answers] == [each.outcome for each in expected]
    assert [answer.ordinals for answer in answers] == [each.ordinals for each in expected]
    statistics = {feature.name: feature.statistic for feature in case.catalogue.features}
    wrong = [
        (each.transaction.transaction_id, name, answer.features[name], value)
        for answer, each in zip(answers, expected, strict=True)
        for name, value in each.features.items()
        if not is_close(answer.features[name], value, *tolerances(statistics[name]))
    ]
    assert wrong == []


def tolerances(statistic: str) -> tuple[float, float]:
    """Return how far a value may be from the exact one, relative and absolute."""
    if statistic == "z_score":
        return STD_RELATIVE, Z_SCORE_ABSOLUTE
    return (STD_RELATIVE if statistic == "std" else RELATIVE), 0
