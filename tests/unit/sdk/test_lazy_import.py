"""The library's package stays cheap to import: the job, which has no HTTP client, imports it too."""

import subprocess
import sys

import pytest

import fraudstream

HEAVY = ("httpx", "orjson", "numpy", "xgboost", "jpype", "boto3", "pydantic")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_library_imports_nothing_else() -> None:
    assert run(f"import sys, fraudstream; print([n for n in {HEAVY} if n in sys.modules])") == "[]"


def test_the_detectors_are_imported_on_first_use() -> None:
    code = (
        "import sys; from fraudstream import FraudDetector as F; print(F.__module__, 'jpype' in sys.modules)"
    )
    assert run(code) == "fraudstream.sdk.fraud_detector False"


def test_without_httpx_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['httpx'] = None\n"
        "try:\n    from fraudstream import FraudDetector\n"
        "except ImportError as error:\n    print(error)"
    )
    assert run(code) == "FraudDetector needs httpx, which is not installed: pip install 'fraudstream[sdk]'"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detector'"):
        _ = fraudstream.Detector
