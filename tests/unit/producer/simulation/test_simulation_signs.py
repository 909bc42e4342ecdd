"""The signs by which alerts name a fraud type agree with the campaigns that its pattern plans."""

from collections import Counter
from itertools import islice

import pytest

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.likely_fraud_type import likely_fraud_type
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType, fraud_patterns
from fraudstream.domain.patterns.fraud_pattern import FraudPattern
from fraudstream.domain.reference import evaluate
from producer.simulation import TrafficOptions, generate

START_MS = 1_767_200_400_000
Features = dict[str, float | None]


@pytest.fixture(scope="module", params=FRAUD_TYPES)
def simulated(request: pytest.FixtureRequest) -> tuple[FraudType, list[Features]]:
    """Return a fraud type and the features of its transactions in a bank without subtle campaigns."""
    fraud_type: FraudType = request.param
    options = TrafficOptions(
        start_ms=START_MS, accounts=100, fraud_share=0.2, fraud_mix={fraud_type: 1.0}, subtle_share=0
    )
    stream = list(islice(generate(options), 1_000))
    results = evaluate(BUILT_IN, [each.transaction for each in stream], allowed_lateness_ms=DAY_MS)
    return fraud_type, [
        {name: value for name, value in result.features.items() if not isinstance(value, list)}
        for result, each in zip(results, stream, strict=True)
        if each.label.is_fraud
    ]


def pattern_of(fraud_type: FraudType) -> FraudPattern:
    return fraud_patterns()[FRAUD_TYPES.index(fraud_type)]


def test_simulated_campaigns_are_named_by_their_own_type(simulated: tuple[FraudType, list[Features]]) -> None:
    fraud_type, transactions = simulated
    assert len(transactions) > 100
    named = Counter(likely_fraud_type(features) for features in transactions)
    assert named[fraud_type] / named.total() > 0.95, f"{fraud_type} is named {dict(named)}"


def test_every_sign_shows_in_the_campaigns_of_its_type(simulated: tuple[FraudType, list[Features]]) -> None:
    fraud_type, transactions = simulated
    for name, sign in pattern_of(fraud_type).signs.items():
        values = [features[name] for features in transactions]
        shown = sum(value is not None and sign(value) for value in values)
        assert shown > len(transactions) / 10, f"{name} is a sign of only {shown} of {len(transactions)}"
