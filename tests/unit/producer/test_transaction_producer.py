"""The check of all connections, as a Python object and as the command `producer test`."""

import re
from typing import TYPE_CHECKING, cast

import httpx
import orjson
import pytest
from typer.testing import CliRunner

import producer.__main__
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.stream_settings import StreamSettings
from producer.source_api import ApiAccess
from producer.transaction_producer import ConnectionReport, TransactionProducer
from tests.unit.producer.test_checks import FakeAws
from tests.unit.producer.test_client import RECORD, URL, Api, problem

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

STATUS = httpx.Response(200, json={"mode": "idle"})
ACCESS = ApiAccess(URL, api_key="a-key")
NOW_MS = 1_767_200_400_000


def made(aws: FakeAws, api: Api | None = None, access: ApiAccess | None = ACCESS) -> TransactionProducer:
    return TransactionProducer(
        StreamSettings(),
        connect=lambda _settings: cast("KinesisClient", aws),
        find_api=lambda: access if api else None,
        connect_api=lambda _access: (api or Api()).client(),
        now_ms=lambda: NOW_MS,
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    return FakeAws()


def results(report: ConnectionReport) -> dict[str, str]:
    return {check.what: check.result for check in report.checks}


def test_the_report_names_region_endpoint_stream_shard_api_and_the_transaction_that_was_sent(
    aws: FakeAws,
) -> None:
    report = made(aws, Api(STATUS, httpx.Response(200, content=RECORD))).test_connections()
    text = "\n".join(report.lines())
    sent = Transaction.from_json(aws.put[0])
    assert report.is_usable
    assert text.startswith("Region ap-southeast-1, endpoint AWS, stream Transactions\n")
    assert "shardId-000000000002" in text
    assert results(report)["api"] == f"{URL}, accepts the API key"
    assert results(report)["api transaction"] == "T1, 5,000 VND"
    assert re.search(rf"^Sent {sent.transaction_id}, \w+, [\d,]+ VND$", text, re.MULTILINE)
    assert text.isascii()
    assert "a-key" not in text


def test_without_an_address_the_api_is_not_checked(aws: FakeAws) -> None:
    report = made(aws).test_connections()
    assert report.is_usable
    assert results(report)["api"] == "TRANSACTION_API_URL is not set; only --source api needs it"


@pytest.mark.parametrize(
    ("answers", "check", "result", "remedy"),
    [
        ((httpx.ConnectError("refused"),), "api", "no response", "start it, or fix TRANSACTION_API_URL"),
        ((problem(401),), "api", "refused (401)", "set TRANSACTION_API_KEY to a valid key"),
        ((problem(404),), "api", "refused (404)", "not the address of a transaction API"),
        ((httpx.Response(200, text="hello"),), "api", "invalid response", "not an answer of the transaction"),
        ((STATUS, problem(503)), "api transaction", "refused (503)", "docs/transaction-api.md"),
        (
            (STATUS, httpx.Response(200, json={"transaction_id": "T1"})),
            "api transaction",
            "invalid response",
            "event_time",
        ),
        (
            (STATUS, httpx.Response(200, json=orjson.loads(RECORD) | {"transaction_amount_vnd": "5"})),
            "api transaction",
            "invalid response",
            "transaction_amount_vnd='5' is not a number",
        ),
    ],
)
def test_an_unusable_api_is_a_failed_check_with_its_fix(
    aws: FakeAws, answers: tuple[httpx.Response | Exception, ...], check: str, result: str, remedy: str
) -> None:
    report = made(aws, Api(*answers)).test_connections()
    assert results(report)[check] == result
    assert not report.is_usable
    (complaint,) = report.problems()
    assert remedy in complaint
    assert results(report)["put"].startswith("1 record")


def test_an_address_that_is_none_is_a_failed_check(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSACTION_API_URL", "localhost")
    producer_ = TransactionProducer(StreamSettings(), connect=lambda _settings: cast("KinesisClient", aws))
    (complaint,) = producer_.test_connections().problems()
    assert complaint.startswith("api: TRANSACTION_API_URL=localhost: set it to the API's address")


def test_settings_come_from_the_environment_if_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINESIS_STREAM_NAME", "Payments")
    assert TransactionProducer().settings.transactions_stream == "Payments"


@pytest.mark.parametrize(("state", "code"), [("ACTIVE", 0), ("DELETING", 1)])
def test_the_command_prints_the_report_and_its_exit_code_says_whether_all_passed(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    aws.summary["StreamStatus"] = state
    monkeypatch.setattr(producer.__main__, "TransactionProducer", lambda _settings: made(aws))
    said = CliRunner().invoke(producer.__main__.app, ["test"])
    assert said.exit_code == code
    assert "Region ap-southeast-1, endpoint AWS, stream Transactions" in said.output
    assert ("Sent T" in said.output) is (code == 0)
    assert ("is DELETING; wait until it is ACTIVE" in said.output) is (code == 1)
