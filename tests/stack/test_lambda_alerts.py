"""The archive of the Lambda function for alerts, in AWS's runtime interface client, against the emulator."""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from deploy.archive import EARLIEST
from deploy.lambda_alerts import MAX_UNZIPPED_BYTES, package
from jobs.job_settings import JobSettings
from localstack.tables import create_tables
from tests.lambda_runtime import InvocationResult, RuntimeApi, link_runtime_client, running_function
from tests.unit.alerts.alert_samples import alert
from tests.unit.alerts.aws_lambda.kinesis_events_of_tests import documented_event, event_of

HANDLER = "alerts.aws_lambda.alerts_handler.handler"
REGION = "ap-southeast-1"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("archive") / "lambda-alerts.zip"
    package(archive)
    return archive


@pytest.fixture(scope="module", name="places")
def fixture_places(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Unpack the function as Lambda does, and return its folder and that of the runtime's own packages."""
    folder = tmp_path_factory.mktemp("function")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder, link_runtime_client(folder.parent / "runtime-client")


@pytest.fixture(scope="module", name="variables")
def fixture_variables(embedded_url: str) -> dict[str, str]:
    """Create tables and a topic; return the environment of the function."""
    variables = {
        "AWS_ENDPOINT_URL": embedded_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        create_tables(JobSettings.load(env_file=None), "LambdaConsumers", "LambdaAlerts")
        topic = client("sns", variables).create_topic(Name="LambdaAlerts")["TopicArn"]
    return variables | {
        "ALERTS_STORE": "dynamodb:LambdaConsumers",
        "LAMBDA_ALERTS_TABLE_NAME": "LambdaAlerts",
        "LAMBDA_ALERTS_TOPIC_ARN": topic,
    }


def client(service: str, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - of any service
    make: Any = boto3.client
    return make(
        service,
        region_name=REGION,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="module", name="function")
def fixture_function(
    places: tuple[Path, Path], variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RuntimeApi]:
    log = tmp_path_factory.mktemp("log") / "log"
    with running_function(HANDLER, places[0], [places[1]], variables, log) as api:
        yield api


def test_the_archive_is_small_enough_and_has_one_timestamp(archive: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        entries = zipped.infolist()
    assert sum(entry.file_size for entry in entries) < MAX_UNZIPPED_BYTES
    assert {entry.date_time for entry in entries} == {EARLIEST}
    tops = {entry.filename.partition("/")[0] for entry in entries}
    assert {"alerts", "fraudstream", "boto3"} <= tops
    assert not tops & {"jobs", "serving", "pyflink", "numpy", "xgboost", "httpx"}


def test_an_event_delivers_its_alerts(function: RuntimeApi, variables: dict[str, str]) -> None:
    result = function.invoke(event_of(alert(0), alert(1), alert(0)))
    assert result == InvocationResult("response", {"batchItemFailures": []})
    items = client("dynamodb", variables).scan(TableName="LambdaAlerts")["Items"]
    assert {item["alert_id"]["S"] for item in items} == {"alert-0", "alert-1"}


def test_the_documented_event_leaves_its_records_in_the_table_of_refused_ones(
    function: RuntimeApi, variables: dict[str, str]
) -> None:
    assert function.invoke(documented_event()) == InvocationResult("response", {"batchItemFailures": []})
    refused = client("dynamodb", variables).query(
        TableName="LambdaConsumers",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "refused#Alerts/lambda"}},
    )["Items"]
    assert [item["raw"]["B"] for item in refused] == [b"Hello, this is a test.", b"This is only a test."]


def test_an_event_of_another_service_is_an_error_of_the_invocation(function: RuntimeApi) -> None:
    kind, body = function.invoke({"Records": [{"eventSource": "aws:sqs"}]})
    assert kind == "error"
    assert body["errorType"] == "EventError"
    assert "make an event source mapping" in body["errorMessage"]


def test_a_function_with_an_invalid_setting_fails_at_its_start(
    places: tuple[Path, Path], variables: dict[str, str], tmp_path: Path
) -> None:
    wrong = variables | {"ALERTS_STORE": "sqlite:/tmp/alerts.sqlite"}
    with running_function(HANDLER, places[0], [places[1]], wrong, tmp_path / "log") as api:
        kind, body = api.result()
    assert kind == "init/error"
    assert "set it to dynamodb:TABLE" in body["errorMessage"]
