import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import TypeAdapter, ValidationError

from fraudstream.domain import patterns
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType, fraud_patterns
from fraudstream.domain.patterns.fraud_pattern import above, at_least, at_most, below, is_set
from fraudstream.runtime.project_root import ROOT

BESIDE_THE_PATTERNS = {"__init__", "fraud_pattern", "simulated_bank"}


def test_every_file_of_the_package_is_a_registered_pattern() -> None:
    assert patterns.__file__ is not None
    files = {path.stem for path in Path(patterns.__file__).parent.glob("*.py")}
    assert files - BESIDE_THE_PATTERNS == set(FRAUD_TYPES)
    assert tuple(pattern.fraud_type for pattern in fraud_patterns()) == FRAUD_TYPES


def test_the_order_of_the_types_matches_all_generated_data() -> None:
    assert FRAUD_TYPES[:4] == ("money_laundering", "account_takeover", "loan_fraud", "fee_manipulation")


def test_the_signs_refer_to_features_of_the_catalogue() -> None:
    for pattern in fraud_patterns():
        assert pattern.signs
        assert set(pattern.signs) <= set(BUILT_IN.names)


def test_no_two_patterns_are_equally_specific() -> None:
    assert len({pattern.specificity for pattern in fraud_patterns()}) == len(FRAUD_TYPES)


@pytest.mark.parametrize(
    ("sign", "holds", "fails"),
    [(is_set, 1, 0), (above(3), 4, 3), (at_least(3), 3, 2), (at_most(3), 3, 4), (below(3), 2, 3)],
)
def test_a_sign_has_an_exact_limit(sign: patterns.fraud_pattern.Sign, holds: float, fails: float) -> None:
    assert sign(holds)
    assert not sign(fails)
    assert not sign(float("nan"))


@pytest.mark.parametrize("name", FRAUD_TYPES)
def test_a_fraud_type_is_a_plain_string_in_json(name: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(FraudType)
    assert adapter.validate_json(f'"{name}"') == name
    assert adapter.dump_json(name) == f'"{name}"'.encode()


def test_an_unknown_fraud_type_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match=r"unknown fraud type 'card_theft'; use one of money_la"):
        TypeAdapter(FraudType).validate_python("card_theft")


def test_a_file_with_the_pattern_of_another_type_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("fraudstream.domain.patterns.card_theft")
    vars(other)["PATTERN"] = fraud_patterns()[0]
    monkeypatch.setattr(patterns, "FRAUD_TYPES", ("card_theft",))
    monkeypatch.setattr(patterns, "import_module", lambda _: other)
    with pytest.raises(
        ValueError, match="has the pattern of 'money_laundering'; set its fraud_type to 'card"
    ):
        fraud_patterns.__wrapped__()


def test_reading_labels_and_alerts_does_not_import_numpy() -> None:
    code = (
        "import sys, fraudstream.domain.alert, fraudstream.domain.transaction; print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT, text=True)
    assert done.stdout == "False\n"
