"""``FraudDetector.local``: decisions in a process of its own, as a program with the SDK makes them.

Processes, because one can start a JVM only once, and not beside PyFlink's.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from fraudstream.runtime.project_root import ROOT
from tests.unit.sdk.test_sdk_page import SNIPPETS

PRELUDE: Final = """
import json, sys, threading, time
from fraudstream import FraudDetector
from fraudstream.sdk.sdk_errors import FraudDetectorError
def caught(make):
    try:
        return repr(make())
    except FraudDetectorError as error:
        return f"{type(error).__name__}: {error}"
now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
named = {"transaction_id": "T1", "account_id": "A1", "event_time": now, "transaction_amount_vnd": 5e6}
"""
KEY: Final = "0123456789abcdef" * 2


def run(code: str, **variables: str) -> Any:  # noqa: ANN401 - any JSON
    """Run a program with the SDK; returns the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


USE: Final = f"""
detector = FraudDetector.local()
asked = {{"user_id": "USER001", "amount": 1500.0, "merchant_id": "MERCH001", "timestamp": now}}
checked = detector.predict(asked)
answers = {{
    "checked": checked,
    "small": detector.check({{"user_id": "USER001", "amount": 0.5, "timestamp": now}}),
    "one": detector.decide(named, features=True),
    "many": [each["transaction_id"] for each in detector.decide([named, named | {{"transaction_id": "T2"}}])],
    "some refused": detector.decide([named | {{"latitude": 999}}, named]),
    "late": caught(lambda: detector.predict(asked | {{"timestamp": "2200-01-01T00:00:00Z"}})),
    "none": detector.decide([]),
    "refused": caught(lambda: detector.decide(named | {{"latitude": 999}})),
    "wrong amount": caught(lambda: detector.predict({{"user_id": "U", "amount": "much"}})),
    "store_error": detector.store_error,
}}
with FraudDetector.local(store="sqlite:/nowhere/profiles.sqlite", hash_key="{KEY}") as other:
    answers["unreachable"] = other.decide(named)["profile"]
    answers["unreachable_error"] = other.store_error
found = []
thread = threading.Thread(target=lambda: found.append(caught(lambda: detector.decide(named))))
thread.start()
thread.join()
answers["thread"] = found[0]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module", name="answers")
def fixture_answers() -> dict[str, Any]:
    found: dict[str, Any] = run(USE)
    return found


def test_a_check_has_the_fields_and_types_of_the_document(answers: dict[str, Any]) -> None:
    checked = answers["checked"]
    assert list(checked) == [
        "transaction_id",
        "fraud_score",
        "is_fraud",
        "risk_level",
        "factors",
        "processing_time_ms",
    ]
    assert 0 < checked["fraud_score"] < 1
    assert (checked["is_fraud"], checked["risk_level"]) in {(True, "HIGH"), (True, "MEDIUM"), (False, "LOW")}
    assert all(isinstance(factor, str) for factor in checked["factors"])
    assert checked["transaction_id"].startswith("check-")
    assert checked["processing_time_ms"] >= 0


def test_the_amount_of_a_check_is_in_dollars(answers: dict[str, Any]) -> None:
    assert answers["small"]["fraud_score"] != answers["checked"]["fraud_score"]
    amounts = [each for each in answers["checked"]["factors"] if "39,000,000 VND" in each]
    assert amounts


def test_a_decision_without_a_store_says_that_its_profile_is_missing(answers: dict[str, Any]) -> None:
    one = answers["one"]
    assert (one["transaction_id"], one["account_id"], one["outcome"]) == ("T1", "A1", "new")
    assert (one["profile"], one["profile_age_ms"]) == ("missing", None)
    assert one["features"]["transaction_amount_vnd"] == 5e6
    assert one["model_version"] == "v1"
    assert answers["store_error"] == "no profile store is configured"


def test_several_decisions_are_in_order_and_none_are_none(answers: dict[str, Any]) -> None:
    assert answers["many"] == ["T1", "T2"]
    assert answers["none"] == []


def test_a_refused_transaction_is_the_error_that_the_api_would_give(answers: dict[str, Any]) -> None:
    assert answers["refused"].startswith("RequestRefusedError: 422 Unprocessable Entity: latitude is 999")
    assert answers["wrong amount"].startswith("RequestRefusedError: 422 Unprocessable Entity: amount='much'")


def test_one_refused_transaction_of_several_has_a_problem_and_the_others_decisions(
    answers: dict[str, Any],
) -> None:
    refused, decided = answers["some refused"]
    assert refused["problem"]["field"] == "latitude"
    assert decided["transaction_id"] == "T1"


def test_a_time_in_the_future_is_refused_as_by_the_stream(answers: dict[str, Any]) -> None:
    assert "event_time" in answers["late"]


def test_an_unreachable_store_leaves_a_decision_on_the_transaction_and_the_reason(
    answers: dict[str, Any],
) -> None:
    assert answers["unreachable"] == "missing"
    assert "/nowhere/profiles.sqlite" in answers["unreachable_error"]


def test_a_detector_belongs_to_its_thread(answers: dict[str, Any]) -> None:
    assert answers["thread"].startswith("SetupError: a local detector belongs to the thread")


def test_arguments_that_can_not_be_used_are_errors_with_the_remedy() -> None:
    code = f"""
    print(json.dumps([caught(lambda: FraudDetector.local(**each)) for each in (
        {{"store": "sqlite:x"}},
        {{"store": "sqlite:x", "hash_key": "{KEY[1:]}"}},
        {{"store": "mysql:x", "hash_key": "{KEY}"}},
        {{"model": "/nowhere"}},
        {{"catalogue": "/nowhere"}},
    )]))"""
    errors = run("\n".join(line.strip() for line in code.splitlines()))
    wanted = (
        "store needs hash_key, the 32 hexadecimal digits",
        "hash_key: it is not 32 hexadecimal digits",
        "not the URL of a profile store: write sqlite:PATH",
        "/nowhere/manifest.json does not exist; give the folder of a trained version",
        "/nowhere",
    )
    for error, part in zip(errors, wanted, strict=True):
        assert error.startswith("SetupError: ")
        assert part in error
        assert KEY[1:] not in error


def test_a_java_that_can_not_be_started_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "server" / "libjvm.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"")
    error = run("print(json.dumps(caught(FraudDetector.local)))", JAVA_HOME=str(tmp_path))
    assert error.startswith("SetupError: no Java was found")
    assert "install Java 11 or later, or set JAVA_HOME" in error


@pytest.mark.parametrize("package", ["jpype", "xgboost"])
def test_without_the_extra_the_error_names_it(package: str) -> None:
    hidden = f"sys.modules[{package!r}] = None\nprint(json.dumps(caught(FraudDetector.local)))"
    error = run(hidden)
    assert error.startswith("SetupError: ")
    assert "pip install 'fraudstream[local]'" in error


def test_the_snippet_of_the_page_runs() -> None:
    (snippet,) = [each for each in SNIPPETS if "FraudDetector.local" in each]
    last = "    print(decision["
    shown = run(snippet.replace(last, "    print(json.dumps(decision))\n    0 and print(decision["))
    assert (shown["risk_level"], shown["profile"]) == ("low", "missing")
