"""A stage waits for the review of each refused transaction, also for those that a summary counts."""

import orjson

from drills.stage import transactions_under_review
from fraudstream.domain.alert import Review
from fraudstream.domain.review import review_alert


def test_a_review_is_about_one_transaction_or_as_many_as_its_summary_counts() -> None:
    alert = review_alert(
        "A",
        "T",
        "late",
        "",
        event_time_ms=1,
        arrival_ms=2,
        transaction_amount_vnd=3.0,
        record_sha256="0" * 64,
        model_version="v1",
        catalogue_version="1",
    )
    one = orjson.loads(alert.to_json())
    assert transactions_under_review(one) == 1
    assert transactions_under_review(one | {"review": one["review"] | {"count": 7}}) == 7
    assert "count" in Review.model_fields
    assert transactions_under_review({"kind": "score", "review": None}) == 0
