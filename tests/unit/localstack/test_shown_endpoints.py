"""Commands that name the endpoint of the settings show it as it is written: it is no markup."""

from collections.abc import Callable

import pytest

import localstack.streams
import localstack.tables
import producer.__main__
import producer.transaction_producer
from producer.checks import Check

ENDPOINT = "http://[fe80::1]:4566"


@pytest.mark.parametrize(
    "command",
    [
        lambda: localstack.tables.main(progress="P", alerts="A", transactions="T", idempotency="I"),
        lambda: localstack.streams.main(wait_seconds=1),
        producer.__main__.test,
    ],
    ids=["tables", "streams", "producer"],
)
def test_an_ipv6_endpoint_is_shown_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: Callable[[], None]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("create_tables", "create_serving_tables", "create_customer_table"):
        monkeypatch.setattr(localstack.tables, name, lambda *_arguments: None)
    monkeypatch.setattr(localstack.streams, "create_streams", lambda *_arguments, **_options: [])
    monkeypatch.setattr(localstack.streams, "kinesis_client", lambda _settings: None)
    monkeypatch.setattr(producer.transaction_producer, "run_checks", lambda *_arguments: [Check("x", "ok")])
    monkeypatch.setattr(producer.transaction_producer, "api_checks", lambda *_arguments: [])
    command()
    assert ENDPOINT in capsys.readouterr().out
