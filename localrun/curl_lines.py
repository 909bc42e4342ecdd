"""Requests to try the served system with: one line of curl for each route of decisions."""

import json
import shlex
from typing import Any, Final

from fraudstream.domain.transaction import format_time
from fraudstream.web.api_keys import KEY_HEADER


def requests(now_ms: int) -> dict[str, dict[str, Any]]:
    """Return a body for each path; that of ``/v1/decisions`` happens at ``now_ms``, in epoch milliseconds."""
    return {
        "/api/check-fraud": {
            "transaction_id": "TXN123456",
            "user_id": "USER001",
            "merchant_id": "MERCH001",
            "amount": 1500.00,
            "timestamp": "2025-11-26T00:47:38Z",
        },
        "/predict": {
            "transaction_id": "test_001",
            "user_id": "user_123",
            "amount": 45.67,
            "merchant": "Starbucks",
            "category": "food",
            "location": "New York",
            "device_id": "device_1234",
        },
        "/v1/decisions": {
            "transaction_id": "T-1",
            "event_time": format_time(now_ms),
            "account_id": "ACC_7_664086579",
            "transaction_amount_vnd": 25_000_000,
            "merchant_id": "MER_7_00000",
        },
    }


_INDENT: Final = " \\\n    "


def curl_lines(url: str, key: str | None, now_ms: int) -> list[str]:
    """Return a shell command for each of `requests`; ``key`` is None for a service without authentication."""
    headers = ["Content-Type: application/json", *([f"{KEY_HEADER}: {key}"] if key else [])]
    options = "".join(f"{_INDENT}-H {shlex.quote(header)}" for header in headers)
    return [
        f"curl -sS -X POST {url}{path}{options}{_INDENT}-d {shlex.quote(json.dumps(body))}"
        for path, body in requests(now_ms).items()
    ]
