"""The policies under deploy/iam: valid, minimal, and matching the calls of the code."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from fraudstream.runtime.project_root import ROOT

POLICIES = sorted((ROOT / "deploy" / "iam").glob("*.json"))
NAMES = (
    "consumer",
    "gateway",
    "job",
    "labels",
    "lambda-alerts",
    "producer",
    "profiles-reader",
    "profiles-writer",
    "redrive",
    "replay",
    "transaction-table",
)
CODE_OF_ROLE = {
    "labels": ["producer/stream.py", "fraudstream/streams/kinesis/kinesis_writer.py"],
    "producer": ["producer/**/*.py", "fraudstream/streams/kinesis/kinesis_writer.py"],
    "consumer": [
        "alerts/*.py",
        "alerts/handlers/*.py",
        "alerts/store/dynamodb.py",
        "alerts/store/table_queries.py",
        "alerts/commands/[!d]*.py",
        "fraudstream/streams/kinesis/kinesis_reader.py",
    ],
    "lambda-alerts": [
        "alerts/aws_lambda/*.py",
        "alerts/handlers/sns.py",
        "alerts/handlers/table.py",
        "alerts/store/dynamodb.py",
        "alerts/store/refused_table.py",
    ],
    "redrive": [
        "alerts/dead/*.py",
        "alerts/store/redrives.py",
        "alerts/store/table_queries.py",
        "alerts/commands/dead_command.py",
        "fraudstream/streams/kinesis/kinesis_reader.py",
        "fraudstream/streams/kinesis/kinesis_writer.py",
    ],
    "profiles-reader": ["fraudstream/profiles/dynamo_reads.py"],
    "replay": [
        "streams/__main__.py",
        "streams/archiving.py",
        "fraudstream/streams/kinesis/kinesis_reader.py",
    ],
    "gateway": [
        "serving/gateway/*.py",
        "serving/transaction_table/transaction_*.py",
        "fraudstream/streams/kinesis/kinesis_writer.py",
    ],
    "transaction-table": [
        "serving/transaction_table/__main__.py",
        "serving/transaction_table/table_*.py",
        "fraudstream/streams/kinesis/kinesis_reader.py",
    ],
}
"""The files with each role's calls; the connector makes the job's calls, which docs/deploy.md lists."""
STREAMS_OF_ROLE: dict[str, set[str]] = {
    "labels": {"Labels"},
    "producer": {"Transactions", "Labels"},
    "consumer": {"Alerts"},
    "lambda-alerts": set(),
    "redrive": {"DeadLetters", "Transactions"},
    "job": {"Transactions", "Alerts", "DeadLetters", "Scored"},
    "profiles-reader": set(),
    "profiles-writer": set(),
    "replay": {"Transactions", "Alerts", "Scored"},
    "gateway": {"Transactions", "Labels"},
    "transaction-table": {"Transactions", "Alerts", "Scored"},
}

SERVICES_OF_ROLE = {
    "labels": ["kinesis"],
    "producer": ["kinesis"],
    "consumer": ["kinesis", "dynamodb", "sns"],
    "lambda-alerts": ["dynamodb", "sns"],
    "profiles-reader": ["dynamodb"],
    "redrive": ["kinesis", "dynamodb"],
    "replay": ["kinesis"],
    "gateway": ["kinesis", "dynamodb"],
    "transaction-table": ["kinesis", "dynamodb"],
}
"""The services that a role calls; elsewhere, a method of the same name belongs to another object."""
WITHOUT_A_STORED_POSITION = {"kinesis:DescribeStreamSummary"}
"""Calls that the reader makes only when it resumes from a stored position."""
NEVER_FROM_A_STORED_POSITION = {"redrive", "replay"}

ARN_OF_SERVICE = {
    "kinesis": re.compile(r"arn:aws:kinesis:REGION:ACCOUNT:stream/[A-Za-z]+"),
    "dynamodb": re.compile(r"arn:aws:dynamodb:REGION:ACCOUNT:table/[A-Za-z]+(/index/[A-Za-z]+)?"),
    "sns": re.compile(r"arn:aws:sns:REGION:ACCOUNT:[A-Za-z]+"),
}
OTHER_ARN = re.compile(
    r"arn:aws:(s3:::BUCKET(/\S+)?"
    r"|logs:REGION:ACCOUNT:log-group:(/aws/kinesis-analytics/APPLICATION:log-stream:\S+|\*))"
)
"""Other resources: the object with the code, an archive's bucket, and the application's log group."""
SID = re.compile(r"[A-Za-z0-9]+")
ACTION = re.compile(r"(kinesis|dynamodb|sns|s3|logs):[A-Za-z]+")


def policy(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "deploy" / "iam" / f"{name}.json").read_text())
    return content


def several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(name: str) -> list[tuple[list[str], list[str]]]:
    """Return actions and resources of each statement."""
    return [(several(each["Action"]), several(each["Resource"])) for each in policy(name)["Statement"]]


def data_actions(name: str) -> set[str]:
    """Return a role's actions on streams, tables and topics."""
    allowed = {action for actions, _ in statements(name) for action in actions}
    return {action for action in allowed if action.split(":")[0] in ARN_OF_SERVICE}


def operations(service: str) -> dict[str, str]:
    """Return every action of a service, by the name of boto3's method for it."""
    client = boto3.Session().client(  # type: ignore[call-overload] # any of the three
        service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    return {xform_name(name): f"{service}:{name}" for name in client.meta.service_model.operation_names}


def called(patterns: list[str], services: list[str]) -> set[str]:
    """Return the actions whose methods these files call on any object."""
    known = {method: action for service in services for method, action in operations(service).items()}
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert files
    return {known[name] for path in files for name in methods(path) if name in known}


def methods(path: Path) -> set[str]:
    """Return the names of all called methods, and of those called through a paginator."""
    tree = ast.walk(ast.parse(path.read_text()))
    calls = [node for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    names = {node.func.attr for node in calls if isinstance(node.func, ast.Attribute)}
    paged = (
        node.args[0]
        for node in calls
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator"
    )
    return names | {str(argument.value) for argument in paged if isinstance(argument, ast.Constant)}


def test_there_is_a_policy_for_each_role() -> None:
    assert tuple(path.stem for path in POLICIES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_uses_only_known_keys(name: str) -> None:
    content = policy(name)
    assert content.keys() == {"Version", "Statement"}
    assert content["Version"] == "2012-10-17"
    for statement in content["Statement"]:
        assert statement.keys() - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert SID.fullmatch(statement["Sid"])
        assert statement["Action"]
        assert statement["Resource"]
    sids = [statement["Sid"] for statement in content["Statement"]]
    assert len(set(sids)) == len(sids)


@pytest.mark.parametrize("name", NAMES)
def test_actions_and_resources_are_listed_one_by_one(name: str) -> None:
    for actions, resources in statements(name):
        assert all(ACTION.fullmatch(action) for action in actions)
        assert len(set(actions)) == len(actions)
        patterns = {ARN_OF_SERVICE.get(action.split(":")[0], OTHER_ARN) for action in actions}
        assert len(patterns) == 1
        assert all(patterns.copy().pop().fullmatch(resource) for resource in resources)


@pytest.mark.parametrize("name", NAMES)
def test_every_action_exists_in_its_service(name: str) -> None:
    known = {action for service in ARN_OF_SERVICE for action in operations(service).values()}
    assert data_actions(name) <= known


@pytest.mark.parametrize("name", CODE_OF_ROLE)
def test_a_role_has_exactly_the_rights_that_its_code_uses(name: str) -> None:
    used = called(CODE_OF_ROLE[name], SERVICES_OF_ROLE[name])
    without = WITHOUT_A_STORED_POSITION if name in NEVER_FROM_A_STORED_POSITION else set()
    assert data_actions(name) == used - without


def test_the_writer_of_profiles_has_exactly_the_rights_that_its_java_code_uses() -> None:
    store = "kernel/profiles/src/main/java/fraudstream/kernel/profiles/stores/DynamoStore.java"
    methods_called = set(re.findall(r"\bclient\s*\.(\w+)\(", (ROOT / store).read_text())) - {"close"}
    used = {f"dynamodb:{name[0].upper()}{name[1:]}" for name in methods_called}
    assert data_actions("profiles-writer") == used


def test_the_jobs_policy_equals_the_one_on_the_deployment_page() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    block = re.search(r"^    {\n      \"Version\".*?^    }$", page, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert json.loads(block[0]) == policy("job")


@pytest.mark.parametrize("name", NAMES)
def test_a_role_can_access_only_its_own_streams(name: str) -> None:
    resources = [resource for _, found in statements(name) for resource in found]
    streams = {resource.split("/")[1] for resource in resources if ":kinesis:" in resource}
    assert streams == STREAMS_OF_ROLE[name]


def test_only_finding_a_log_group_is_allowed_on_all_of_them() -> None:
    wide = [
        actions for actions, resources in statements("job") if any(":log-group:*" in r for r in resources)
    ]
    assert wide == [["logs:DescribeLogGroups"]]


def test_a_method_with_another_name_is_not_counted_as_a_kinesis_call(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("client.put_record(Data=b'')\nother.poll()\nput_records\nclient.get_paginator('query')\n")
    assert methods(path) == {"put_record", "poll", "get_paginator", "query"}
