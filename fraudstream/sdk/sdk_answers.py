"""Answers of the decision API as typed dictionaries; an API of a later version may add fields."""

from typing import Literal, TypedDict


class FraudCheck(TypedDict):
    """Answer of ``POST /api/check-fraud``; ``fraud_score`` is between 0 and 1.

    ``is_fraud``: the score has reached the threshold. ``factors`` are sentences, the most important first.
    """

    transaction_id: str
    fraud_score: float
    is_fraud: bool
    risk_level: Literal["LOW", "MEDIUM", "HIGH"]
    factors: list[str]
    processing_time_ms: float
