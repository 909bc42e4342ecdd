"""The policies under deploy/iam, held against the calls that the programs make on the emulator.

A call that a role's policy does not allow fails, and so does a permission that no program uses.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import botocore.client
import orjson
import pytest
from typer.testing import CliRunner

import producer.__main__
from alerts.clients import sns_client
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from localstack.tables import create_tables
from tests.iam_evaluator import AwsCall, allows, load_policy
from tests.stack.stack_helpers import settings_with_own_streams, write_all
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_samples import alert, dead_letter, transaction

REGION: Final = "ap-southeast-1"
ACCOUNT: Final = "000000000000"
NAMES: Final = {"REGION": REGION, "ACCOUNT": ACCOUNT, "CONSUMER": "pair"}
ONLY_AFTER_A_FAILURE: Final = "dynamodb:DeleteItem"
"""Takes back a claim or an attempt; tests/unit/deploy/test_iam.py finds its call in the code."""
SUFFIX: Final = re.compile(r"-[0-9a-f]{8}$")
SUFFIX_OF_STREAM: Final = re.compile(r"-[0-9a-f]{8}(?=/)")
"""What a test adds to the names of its streams, tables and topics; a consumer's items name its stream."""


class Recorder:
    """The AWS calls of this process, as IAM sees them."""

    def __init__(self) -> None:
        self.calls: set[AwsCall] = set()
        self._streams: dict[str, str] = {}
        """The stream of each shard iterator: GetRecords names no stream, but IAM knows it."""

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return botocore's method with recording."""

        def recorded(client: Any, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's
            service = client.meta.service_model.service_name
            resource = self._resource(service, parameters)
            self.calls.add(AwsCall(f"{service}:{operation}", resource, leading_keys(parameters)))
            answer = call(client, operation, parameters)
            for name in ("ShardIterator", "NextShardIterator"):
                if answer.get(name):
                    self._streams[answer[name]] = resource
            return answer

        return recorded

    def _resource(self, service: str, parameters: dict[str, Any]) -> str:
        if "ShardIterator" in parameters:
            return self._streams[parameters["ShardIterator"]]
        if service == "sns":
            return SUFFIX.sub("", parameters["TopicArn"])
        kind, name = ("stream", "StreamName") if service == "kinesis" else ("table", "TableName")
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{SUFFIX.sub('', parameters[name])}"


def leading_keys(parameters: dict[str, Any]) -> frozenset[str]:
    """Return the partition keys of a DynamoDB request."""
    items = [parameters[name] for name in ("Key", "Item") if name in parameters]
    values = [item[key] for item in items for key in ("pk", "alert_id") if key in item]
    if "KeyConditionExpression" in parameters:
        assert parameters["KeyConditionExpression"] == "pk = :pk"
        values.append(parameters["ExpressionAttributeValues"][":pk"])
    return frozenset(SUFFIX_OF_STREAM.sub("", value["S"]) for value in values)


@pytest.fixture
def streams(embedded_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> JobSettings:
    settings = settings_with_own_streams(embedded_url, monkeypatch)
    create_streams(kinesis_client(settings), settings, wait_s=30)
    monkeypatch.setenv("ALERTS_REFUSED", str(tmp_path / "refused.jsonl"))
    return settings


@pytest.fixture
def tables(streams: JobSettings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create the consumers' tables and topic; return the name of the table of alerts, and of the topic."""
    suffix = streams.alerts_stream.rpartition("-")[2]
    create_tables(streams, f"AlertConsumers-{suffix}", f"FraudAlerts-{suffix}")
    monkeypatch.setenv("ALERTS_STORE", f"dynamodb:AlertConsumers-{suffix}")
    return f"FraudAlerts-{suffix}"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Record from the moment that a test calls `start`."""
    recorder = Recorder()
    yield recorder
    assert recorder.calls, "nothing was recorded"


def start(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every call of a client passes here.
    method = vars(botocore.client.BaseClient)["_make_api_call"]
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorder.wrap(method))


def refused(role: str, calls: set[AwsCall]) -> set[AwsCall]:
    policy = load_policy(role, NAMES)
    return {call for call in calls if not allows(policy, call)}


def unused(role: str, calls: set[AwsCall]) -> set[tuple[str, str]]:
    """Return the pairs of action and resource that a policy allows and no call used."""
    allowed = {
        (action, resource)
        for statement in load_policy(role, NAMES)
        for action in several(statement["Action"])
        for resource in several(statement["Resource"])
    }
    return allowed - {(call.action, call.resource) for call in calls}


def several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_a_consumer_needs_exactly_its_policy(
    streams: JobSettings, tables: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = sns_client(streams).create_topic(Name=tables)["TopicArn"]
    write_all(streams, streams.alerts_stream, [alert(number) for number in range(3)])
    start(recorder, monkeypatch)
    run("dynamodb", tables)
    # The next run resumes from the stored position.
    write_all(streams, streams.alerts_stream, [alert(9)])
    run("sns", topic)
    recorded = recorder.calls
    assert refused("consumer", recorded - writes_of_this_test(recorded)) == set()
    assert {action for action, _ in unused("consumer", recorded)} == {ONLY_AFTER_A_FAILURE}
    assert {call.action for call in refused("redrive", recorded)} > {"dynamodb:GetItem", "dynamodb:PutItem"}


def run(handler: str, target: str) -> None:
    alerts_command("run", "--handler", handler, "--to", target, "--name", "pair", "--idle-seconds", "0.5")


def writes_of_this_test(calls: set[AwsCall]) -> set[AwsCall]:
    return {call for call in calls if call.action == "kinesis:PutRecords"}


def test_a_redrive_needs_exactly_its_policy(
    streams: JobSettings, tables: str, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tables
    late = orjson.dumps(transaction(2))
    letter = dead_letter(late, 2, reason="late")
    write_all(streams, streams.dead_letters_stream, [letter])
    name = DeadLetter.model_validate_json(letter).letter_id(streams.transactions_stream)
    start(recorder, monkeypatch)
    done = alerts_command("dead", "redrive", name)
    assert done.returncode == 0, done.stderr
    assert alerts_command("dead", "show", name).returncode == 0
    assert refused("redrive", recorder.calls) == set()
    assert {action for action, _ in unused("redrive", recorder.calls)} == {ONLY_AFTER_A_FAILURE}


def test_a_producer_needs_exactly_its_policy_and_cannot_write_labels(
    streams: JobSettings, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert streams
    start(recorder, monkeypatch)
    for arguments in (["test"], ["stream", "20", "1", "2", "--no-labels"]):
        done = CliRunner().invoke(producer.__main__.app, arguments)
        assert done.exit_code == 0, done.output
    assert refused("producer", recorder.calls) == set()
    assert unused("producer", recorder.calls) == set()
    before = set(recorder.calls)
    done = CliRunner().invoke(producer.__main__.app, ["stream", "200", "1", "3"])
    assert done.exit_code == 0, done.output
    labels = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/Labels"
    assert refused("producer", recorder.calls) == {AwsCall("kinesis:PutRecords", labels)}
    assert refused("labels", recorder.calls - before) == set()
    assert unused("labels", recorder.calls) == set()


@pytest.mark.parametrize(
    ("role", "action", "keys", "is_allowed"),
    [
        ("consumer", "PutItem", {"start#Alerts/pair"}, True),
        ("consumer", "UpdateItem", {"alert#Alerts/pair#A1"}, True),
        ("consumer", "UpdateItem", {"alert#Alerts/other#A1"}, False),
        ("consumer", "Query", {"position#Alerts/pair2"}, False),
        ("consumer", "PutItem", {"alert#Alerts/pair#A1", "redrive#L1"}, False),
        ("consumer", "PutItem", set(), False),
        ("consumer", "Scan", {"start#Alerts/pair"}, False),
        ("redrive", "PutItem", {"redrive#L1"}, True),
        ("redrive", "PutItem", {"position#Alerts/pair"}, False),
    ],
)
def test_items_of_others_are_out_of_reach(role: str, action: str, keys: set[str], is_allowed: bool) -> None:  # noqa: FBT001 - a parameter
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/AlertConsumers"
    call = AwsCall(f"dynamodb:{action}", table, frozenset(keys))
    assert allows(load_policy(role, NAMES), call) == is_allowed


def test_conditions_that_the_evaluator_does_not_know_are_errors() -> None:
    call = AwsCall("a:B", "r")
    for condition in ({"Bool": {"dynamodb:LeadingKeys": "true"}}, {"Null": {"aws:SourceIp": "true"}}):
        with pytest.raises(NotImplementedError):
            allows([{"Action": "a:B", "Resource": "r", "Condition": condition}], call)
