"""The policies under deploy/iam: valid, narrow, and with the rights that the code uses and no other."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from fraudstream.settings import ROOT

POLICIES = sorted((ROOT / "deploy" / "iam").glob("*.json"))
NAMES = ("consumer", "job", "producer")
CODE_OF_ROLE = {
    "producer": ["producer/**/*.py", "streams/writer.py"],
    "consumer": ["alerts/**/*.py", "streams/reader.py"],
}
"""The files whose calls each role makes; the job's are the connector's, which docs/deploy.md lists."""
STREAMS_OF_ROLE = {
    "producer": {"Transactions", "Labels"},
    "consumer": {"Alerts", "DeadLetters"},
    "job": {"Transactions", "Alerts", "DeadLetters", "Scored"},
}

STREAM_ARN = re.compile(r"arn:aws:kinesis:REGION:ACCOUNT:stream/[A-Za-z]+")
OTHER_ARN = re.compile(r"arn:aws:(s3:::BUCKET/\S+|logs:REGION:ACCOUNT:log-group:\*)")
"""What is not a stream: the one object with the code, and log groups, whose names the service chooses."""
SID = re.compile(r"[A-Za-z0-9]+")
ACTION = re.compile(r"(kinesis|s3|logs):[A-Za-z]+")


def policy(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "deploy" / "iam" / f"{name}.json").read_text())
    return content


def several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(name: str) -> list[tuple[list[str], list[str]]]:
    """Return actions and resources of each statement."""
    return [(several(each["Action"]), several(each["Resource"])) for each in policy(name)["Statement"]]


def kinesis_actions(name: str) -> set[str]:
    return {
        action.removeprefix("kinesis:")
        for actions, _ in statements(name)
        for action in actions
        if action.startswith("kinesis:")
    }


def operations() -> dict[str, str]:
    """Return every action of Kinesis, by the name of boto3's method for it."""
    client = boto3.client(
        "kinesis", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    return {xform_name(name): name for name in client.meta.service_model.operation_names}


def called(patterns: list[str]) -> set[str]:
    """Return the actions whose methods these files call on anything."""
    known = operations()
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert files
    return {known[name] for path in files for name in methods(path) if name in known}


def methods(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text()))
    return {
        node.func.attr for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def test_there_is_a_policy_for_each_role() -> None:
    assert tuple(path.stem for path in POLICIES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_keeps_to_the_grammar(name: str) -> None:
    content = policy(name)
    assert content.keys() == {"Version", "Statement"}
    assert content["Version"] == "2012-10-17"
    for statement in content["Statement"]:
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert SID.fullmatch(statement["Sid"])
        assert statement["Action"]
        assert statement["Resource"]
    sids = [statement["Sid"] for statement in content["Statement"]]
    assert len(set(sids)) == len(sids)


@pytest.mark.parametrize("name", NAMES)
def test_actions_and_resources_are_named_one_by_one(name: str) -> None:
    for actions, resources in statements(name):
        assert all(ACTION.fullmatch(action) for action in actions)
        assert len(set(actions)) == len(actions)
        of_streams = [action.startswith("kinesis:") for action in actions]
        pattern = STREAM_ARN if any(of_streams) else OTHER_ARN
        assert all(of_streams) or not any(of_streams)
        assert all(pattern.fullmatch(resource) for resource in resources)


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_one_of_kinesis(name: str) -> None:
    assert kinesis_actions(name) <= set(operations().values())


@pytest.mark.parametrize("name", CODE_OF_ROLE)
def test_a_role_may_do_what_its_code_calls_and_nothing_else(name: str) -> None:
    assert kinesis_actions(name) == called(CODE_OF_ROLE[name])


def test_the_jobs_policy_is_the_one_that_the_deployment_page_explains() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    block = re.search(r"^    {\n      \"Version\".*?^    }$", page, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert json.loads(block[0]) == policy("job")


@pytest.mark.parametrize("name", NAMES)
def test_a_role_has_to_do_with_its_own_streams_only(name: str) -> None:
    resources = [resource for _, found in statements(name) for resource in found]
    streams = {resource.split("/")[1] for resource in resources if ":kinesis:" in resource}
    assert streams == STREAMS_OF_ROLE[name]


def test_a_method_of_another_name_is_no_call_of_kinesis(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("client.put_record(Data=b'')\nother.poll()\nput_records\n")
    assert methods(path) == {"put_record", "poll"}
