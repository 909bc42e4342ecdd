"""Library shared by all programs, in layers: domain, runtime, streams, archives, scoring, online and sdk.

``FraudDetector`` and ``AsyncFraudDetector``, the clients of the decision API, are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fraudstream.sdk.async_fraud_detector import AsyncFraudDetector
    from fraudstream.sdk.fraud_detector import FraudDetector

__all__ = ["AsyncFraudDetector", "FraudDetector"]

_MODULES = {
    "AsyncFraudDetector": "fraudstream.sdk.async_fraud_detector",
    "FraudDetector": "fraudstream.sdk.fraud_detector",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    # The job, which has no httpx, imports this package too.
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        msg = f"{name} needs httpx, which is not installed: pip install 'fraudstream[sdk]'"
        raise ImportError(msg) from error
