"""The tables of docs/transaction-api.md are complete."""

import asyncio
import re
from typing import Any

from fraudstream.runtime.project_root import ROOT
from fraudstream.web.problem_details import NAMES
from tests.unit.producer.api.api_helpers import ask

PAGE = (ROOT / "docs" / "transaction-api.md").read_text()


def get(path: str) -> dict[str, Any]:
    found: dict[str, Any] = asyncio.run(ask("GET", path)).json()
    return found


def test_the_documented_table_of_errors_is_complete() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    of_endpoints = {
        int(status)
        for operations in get("/openapi.json")["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    of_the_service = {404, 405, 500}
    expected = (of_endpoints | of_the_service) - {200}
    assert {int(status): name for status, name in rows} == {status: NAMES[status] for status in expected}


def test_the_documented_table_of_endpoints_is_complete() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith(("| `GET", "| `POST"))]
    documented = {
        name for row in rows for name in re.findall(r"`((?:GET|POST) /[^`]*)`", row.split(" | ")[0])
    }
    assert set(get("/")["endpoints"]) == documented - {"GET /docs", "GET /redoc", "GET /openapi.json"}
