"""The claims of docs/alerts.md are true."""

import re
import time
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from alerts.alert_settings import AlertSettings
from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_factory import HandlerName
from alerts.handlers.jsonl import JsonLinesHandler
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.handlers.webhook import WebhookHandler
from fraudstream.runtime.project_root import ROOT
from tests.unit.alerts.alert_fakes import running_webhook
from tests.unit.alerts.test_alert_handlers import given

PAGE = (ROOT / "docs" / "alerts.md").read_text()
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def is_ours() -> Callable[[bytes, dict[str, str], bytes], bool]:
    """Return the function from the page's example."""
    example = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert example is not None
    names: dict[str, Any] = {}
    exec(example[1], names)  # noqa: S102 - the project's own page
    function: Callable[[bytes, dict[str, str], bytes], bool] = names["is_ours"]
    return function


def request(now_s: float) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a request that the handler sends at the given time."""
    with running_webhook() as webhook:
        handler = WebhookHandler(webhook.url, SecretStr(SECRET), now_s=lambda: now_s)
        handler.handle([given(1)])
        handler.close()
    return webhook.requests[0]


def test_the_example_accepts_a_request_of_the_handler(
    is_ours: Callable[[bytes, dict[str, str], bytes], bool],
) -> None:
    headers, body = request(time.time())
    assert is_ours(SECRET.encode(), headers, body)


def test_the_example_rejects_another_body_another_secret_another_time_and_an_old_request(
    is_ours: Callable[[bytes, dict[str, str], bytes], bool],
) -> None:
    headers, body = request(time.time())
    other_time = headers | {"X-Fraudstream-Timestamp": str(int(time.time()) + 60)}
    assert not is_ours(SECRET.encode(), headers, body + b" ")
    assert not is_ours(SECRET[::-1].encode(), headers, body)
    assert not is_ours(SECRET.encode(), other_time, body)
    assert not is_ours(SECRET.encode(), *request(time.time() - 3_600))


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table cells below a heading's line, by the first cell."""
    block = PAGE.split(heading)[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_table_of_handlers_is_complete_with_batch_sizes() -> None:
    kinds: dict[str, Any] = {
        "print": PrintHandler,
        "jsonl": JsonLinesHandler,
        "webhook": WebhookHandler,
        "sns": SnsHandler,
        "dynamodb": TableHandler,
    }
    assert tuple(kinds) == get_args(HandlerName)
    table = rows("## Handlers\n\n")
    assert {name: int(cells[1]) for name, cells in table.items()} == {
        name: kind.batch_size for name, kind in kinds.items()
    }


def test_the_table_of_settings_is_complete() -> None:
    table = rows("## Settings\n\n")
    assert set(table) == {f"ALERTS_{name.upper()}" for name in AlertSettings.model_fields}
