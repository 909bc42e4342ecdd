"""A new fraud pattern needs one file and one line: both are added to a copy of the source, which is run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.domain.patterns import FRAUD_TYPES, fraud_patterns
from fraudstream.runtime.project_root import ROOT

NEW_FILE = '''
"""Card testing: a thief tries whether a card works, with one tiny payment after the other."""

from collections.abc import Mapping
from typing import ClassVar, Final

from fraudstream.domain.arrays import Rows
from fraudstream.domain.patterns.fraud_pattern import Campaigns, FraudPattern, RhythmName, Sign, at_most
from fraudstream.domain.patterns.simulated_bank import SimulatedBank

LARGEST_VND: Final = 2_000


class CardTesting(FraudPattern):
    """4 payments of 1,000 or 2,000 VND within a minute."""

    fraud_type: ClassVar[str] = "card_testing"
    signs: ClassVar[Mapping[str, Sign]] = {"transaction_amount_vnd": at_most(LARGEST_VND)}
    specificity: ClassVar[int] = 9
    default_weight: ClassVar[int] = 100
    rhythm: ClassVar[RhythmName] = "around_the_clock"

    def expected_transactions(self, subtle_share: float) -> float:
        """Return the mean length of a campaign."""
        return 4.0

    def plan(self, campaigns: Campaigns, bank: SimulatedBank) -> Rows:
        """Try each card four times."""
        keys = campaigns.keys
        ways = bank.ways(keys, 1)
        victims = bank.victims(keys, campaigns.start_ms)
        four = bank.between(keys, "count", 4, 4)
        owners, order, time_ms = bank.spread(keys, campaigns.start_ms, four, four * 15_000)
        items = bank.with_number(keys[owners], order)
        return bank.plans(
            items,
            session=keys[owners],
            time_ms=time_ms,
            row=victims[owners],
            number=bank.account_numbers(victims)[owners],
            order=order,
            kind=bank.kind("purchase_in_app"),
            amount_vnd=bank.between(items, "amount", 1, 2) * 1_000,
            fee_ppm=0,
            merchant=bank.merchants(keys)[owners],
            **self.marks(campaigns, ways, owners),
        )


PATTERN: Final = CardTesting()
'''
WEIGHT = 100
"""The weight of card testing in ``NEW_FILE``."""
LAST_LINE = f'    "{FRAUD_TYPES[-1]}",\n'
NEW_LINE = '    "card_testing",\n'
USE = """
import itertools

import orjson

from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.domain.transaction import Label
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.explanation import Explanation
from fraudstream.scoring.judge import Judge, Judged
from producer.simulation import DEFAULT_FRAUD_MIX, TrafficOptions, generate

options = TrafficOptions(seed=7, accounts=300, fraud_share=0.3, start_ms=1_767_200_400_000)
stream = list(itertools.islice(generate(options), 5_000))
tested = [one for one in stream if one.label.fraud_type == "card_testing"]
transaction, label = tested[0]
amount = TransactionFeature(
    name="transaction_amount_vnd", entity="transaction", statistic="value", column="transaction_amount_vnd"
)
judge = Judge(Catalogue((amount,)), threshold=0.5, model_version="v1", model_digest="5" * 64)
subject = Subject(
    transaction_id=transaction.transaction_id,
    account_id=transaction.account_id,
    event_time_ms=transaction.event_time_ms,
    arrival_ms=None,
    transaction_amount_vnd=transaction.transaction_amount_vnd,
)
vector = [transaction.transaction_amount_vnd]
alert = judge.alert(subject, Judged(vector, 0.9, Explanation(())), transaction.event_time_ms)
print(orjson.dumps({
    "mix": dict(DEFAULT_FRAUD_MIX),
    "types": [one.label.fraud_type for one in stream],
    "amounts_vnd": [one.transaction.transaction_amount_vnd for one in tested],
    "label": Label.from_json(label.to_json()).fraud_type,
    "alert": type(alert).from_json(alert.to_json()).likely_fraud_type,
}).decode())
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - JSON
    """Return the results of a bank with the new pattern, from a separate process."""
    tree = tmp_path_factory.mktemp("tree")
    for package in ("fraudstream", "producer"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    add_pattern(tree / "fraudstream" / "domain" / "patterns")
    done = subprocess.run(
        [sys.executable, "-P", "-c", USE],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        check=True,
        capture_output=True,
    )
    return orjson.loads(done.stdout)


def add_pattern(folder: Path) -> None:
    (folder / "card_testing.py").write_text(NEW_FILE)
    registry = (folder / "__init__.py").read_text()
    assert registry.count(LAST_LINE) == 1
    (folder / "__init__.py").write_text(registry.replace(LAST_LINE, LAST_LINE + NEW_LINE))


def test_it_is_simulated_at_its_share_of_the_default_mix(seen: Any) -> None:  # noqa: ANN401 - JSON
    weights = {pattern.fraud_type: pattern.default_weight for pattern in fraud_patterns()}
    weights["card_testing"] = WEIGHT
    total = sum(weights.values())
    assert seen["mix"] == pytest.approx({name: weight / total for name, weight in weights.items()})
    fraud = [name for name in seen["types"] if name is not None]
    assert len(fraud) / len(seen["types"]) == pytest.approx(0.3, abs=0.06)
    assert fraud.count("card_testing") / len(fraud) == pytest.approx(WEIGHT / total, abs=0.12)
    assert set(seen["amounts_vnd"]) == {1_000, 2_000}


def test_its_transactions_are_labelled(seen: Any) -> None:  # noqa: ANN401 - JSON
    assert seen["label"] == "card_testing"


def test_an_alert_names_it_and_can_be_read_again(seen: Any) -> None:  # noqa: ANN401 - JSON
    assert seen["alert"] == "card_testing"
