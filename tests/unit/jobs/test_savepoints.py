"""Operator ids with state: a savepoint that has one that nobody knows could not be continued."""

import re

from jobs.connectors import known_tables
from jobs.savepoints import REVIEWS, known_identities, used_identities
from tests.golden.operators import PLANS, golden

STATELESS = {"parse", "parse-labels", "finish-features", "batch", "verdicts", "letter-limit", "features"}
FILES = {"lines", "parse-lines", "label-lines", "parse-label-lines"}
"""Operators of jobs over files, which have no savepoints."""
GENERATED = re.compile(r"\d+_")
"""Ids that Flink's planner makes, for operators without state."""


def test_every_operator_with_state_is_known() -> None:
    ids = {
        line.partition("\t")[0]
        for plan in PLANS
        if plan != "bounded"
        for line in golden(plan).read_text().splitlines()
    }
    with_state = {each for each in ids - STATELESS - FILES if not GENERATED.match(each)}
    assert with_state - known_identities() == set()
    assert REVIEWS in with_state


def test_counted_reviews_are_used_by_jobs_with_alerts_only() -> None:
    assert "alerts" in known_tables()
    assert REVIEWS in used_identities(["account_id"], ["transactions", "alerts"])
    assert used_identities(["account_id"], ["transactions"]) == {"windows-account_id", "table-transactions"}
