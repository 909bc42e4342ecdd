"""The command `producer stream` against a stream in memory: its output and its records."""

from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from typer.testing import CliRunner

import producer.stream
from fraudstream.domain.enrichment import ENRICHED_FIELDS
from fraudstream.streams.stream_settings import StreamSettings
from producer.__main__ import app
from tests.unit.producer.test_checks import FakeAws

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient


class FakeStream(FakeAws):
    """A stream that accepts every record of a request."""

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Accept the records."""
        answers = [
            super(FakeStream, self).put_records(StreamName="", Records=[r]) for r in request["Records"]
        ]
        return {"Records": [record for answer in answers for record in answer["Records"]]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeStream:
    fake = FakeStream()

    def connect(_settings: StreamSettings) -> "KinesisClient":
        return cast("KinesisClient", fake)

    monkeypatch.setattr(producer.stream, "kinesis_client", connect)
    return fake


def run(*arguments: str) -> str:
    said = CliRunner().invoke(app, ["stream", *arguments, "--no-labels", "--accounts", "200"])
    assert said.exit_code == 0, said.output
    return said.output


def test_batch_size_interval_and_number_of_batches_are_positional_and_each_batch_has_a_line(
    aws: FakeStream,
) -> None:
    lines = run("20", "0.01", "3").splitlines()
    assert len(aws.put) == 60
    assert [line.split(" | ")[0].split(",")[0] for line in lines if line.startswith("batch ")] == [
        f"batch {number}: 20/20 sent" for number in (1, 2, 3)
    ]
    assert "total 60 transactions" in next(line for line in lines if line.startswith("batch 3"))


def test_a_run_of_fraud_alone_raises_an_alert_for_each_batch(aws: FakeStream) -> None:
    # Many, because the mix of a few depends on the time of day at which the run starts.
    output = run("100", "0", "5", "--fraud-share", "0.69", "--seed", "1")
    assert len(aws.put) == 500
    assert "HIGH FRAUD ALERT: " in output


def test_quiet_prints_the_table_only(aws: FakeStream) -> None:
    output = run("20", "0", "3", "--quiet", "--fraud-share", "0.69")
    assert len(aws.put) == 60
    assert not any(line.startswith("batch") for line in output.splitlines())
    assert "ALERT" not in output
    assert "3 of 3" in output


@pytest.mark.parametrize(("options", "added"), [((), set()), (("--enrich",), set(ENRICHED_FIELDS))])
def test_records_have_the_enriched_fields_on_request(
    aws: FakeStream, options: tuple[str, ...], added: set[str]
) -> None:
    run("20", "0", "1", *options)
    assert {field for data in aws.put for field in orjson.loads(data)} & set(ENRICHED_FIELDS) == added
