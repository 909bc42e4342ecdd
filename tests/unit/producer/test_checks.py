from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings
from producer.checks import Check, lines, run_checks
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

RECORD = Record(b"{}", "ACC_1")


class FakeAws:
    """Streams in the given states; ``faults`` contains the error of a call on a stream."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] = {"StreamStatus": "ACTIVE", "OpenShardCount": 4}
        self.faults: dict[tuple[str, str], Exception] = {}
        self.put: list[bytes] = []

    def describe_stream_summary(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return the stream's state."""
        self._raise("describe", request["StreamName"])
        return {"StreamDescriptionSummary": self.summary}

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Accept the record."""
        self._raise("put", request["StreamName"])
        self.put += [record["Data"] for record in request["Records"]]
        return {"Records": [{"ShardId": "shardId-000000000002", "SequenceNumber": "1"}]}

    def _raise(self, call: str, stream_name: str) -> None:
        if (call, stream_name) in self.faults:
            raise self.faults[call, stream_name]

    def checks(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
        """Run the checks; return the results by subject."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        client = cast("KinesisClient", self)
        return {check.what: check for check in run_checks(StreamSettings(), RECORD, lambda _settings: client)}


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def test_all_checks_pass(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = aws.checks(monkeypatch)
    assert {what: check.result for what, check in checks.items()} == {
        "credentials": "found (env)",
        "stream": "Transactions, ACTIVE, 4 shards",
        "capacity": "4,000 records/s, 4 MiB/s if evenly spread",
        "put": "1 record, to shardId-000000000002",
        "labels": "Labels, ACTIVE, 4 shards",
    }
    assert not [check for check in checks.values() if check.remedy]
    assert aws.put == [b"{}"]


def test_the_table_has_a_line_for_each_check_and_no_secret(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.faults["describe", "Labels"] = refusal("ResourceNotFoundException")
    table = list(lines(list(aws.checks(monkeypatch).values())))
    assert table[1] == "ok    stream       Transactions, ACTIVE, 4 shards"
    assert table[4] == "FAIL  labels       not found"
    assert "AKID" not in "".join(table)
    assert "a-secret" not in "".join(table)


def test_without_credentials_no_other_check_runs() -> None:
    def connect(_settings: StreamSettings) -> "KinesisClient":
        msg = "there are no AWS credentials: set some"
        raise StreamError(msg)

    (check,) = run_checks(StreamSettings(), RECORD, connect)
    assert check == Check("credentials", "not usable", "there are no AWS credentials: set some")


@pytest.mark.parametrize(
    ("code", "status", "result", "remedy"),
    [
        ("ResourceNotFoundException", 400, "not found", "create it with"),
        ("AccessDeniedException", 400, "access denied", "attach deploy/iam/producer.json"),
        ("ExpiredTokenException", 403, "credentials rejected", "renew the credentials"),
        ("UnrecognizedClientException", 400, "credentials rejected", "valid in this region"),
        ("InternalFailure", 500, "no response", "AWS_ENDPOINT_URL names a running endpoint"),
        ("Odd", 400, "Odd", "can't be used: Odd"),
    ],
)
@pytest.mark.parametrize("stream", ["Transactions", "Labels"])
def test_an_unusable_stream_is_reported_with_the_fix(  # noqa: PLR0913, PLR0917 - the columns of a table
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
    code: str,
    status: int,
    result: str,
    remedy: str,
) -> None:
    aws.faults["describe", stream] = refusal(code, status)
    checks = aws.checks(monkeypatch)
    check = checks["stream" if stream == "Transactions" else "labels"]
    assert check.result == result
    assert check.remedy is not None
    assert remedy in check.remedy
    assert stream in check.remedy
    assert ("put" in checks) is (stream == "Labels")


def test_an_endpoint_that_is_down_is_reported_with_its_fix_once(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.faults["describe", "Transactions"] = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    check = aws.checks(monkeypatch)["stream"]
    assert check.result == "no response"
    assert str(check.remedy).count("AWS_ENDPOINT_URL names a running endpoint") == 1


def test_a_missing_write_permission_is_distinguished_from_a_missing_read_permission(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.faults["put", "Transactions"] = refusal("AccessDeniedException")
    checks = aws.checks(monkeypatch)
    assert checks["stream"].remedy is None
    assert checks["put"].result == "access denied"
    assert "producer.json" in str(checks["put"].remedy)


@pytest.mark.parametrize(
    ("state", "is_usable"), [("UPDATING", True), ("CREATING", False), ("DELETING", False)]
)
def test_a_stream_must_be_in_a_state_that_accepts_records(
    aws: FakeAws,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    is_usable: bool,  # noqa: FBT001 - a table's column
) -> None:
    aws.summary["StreamStatus"] = state
    checks = aws.checks(monkeypatch)
    assert (checks["stream"].remedy is None) is is_usable
    assert bool(aws.put) is is_usable


def test_a_single_shard_is_worded_in_the_singular(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.summary["OpenShardCount"] = 1
    assert aws.checks(monkeypatch)["labels"].result == "Labels, ACTIVE, 1 shard"


def test_an_on_demand_stream_is_described_as_growing(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.summary["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
    assert aws.checks(monkeypatch)["capacity"].result.endswith("; grows on demand")
