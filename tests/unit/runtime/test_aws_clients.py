from pathlib import Path
from typing import Any

import pytest

from fraudstream.runtime.aws_clients import CONNECT_TIMEOUT_S, aws_client, find_credentials
from fraudstream.runtime.aws_errors import CREDENTIALS_REMEDY, AwsCredentialsError
from fraudstream.runtime.aws_settings import AwsSettings, EmulatorSettings

SERVICES = ["kinesis", "dynamodb", "sns", "s3"]
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL")


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    return "AKIDEXAMPLE"


def settings(**values: object) -> AwsSettings:
    whole: dict[str, Any] = {"aws_region": "eu-west-1", "aws_endpoint_url": None, "localstack_host": None}
    return AwsSettings.model_validate(whole | values)


def client_of(service: str, **values: object) -> Any:  # noqa: ANN401 - of any service
    return aws_client(service, settings(**values), read_timeout_s=7)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("key")
def test_without_an_endpoint_a_client_connects_to_the_region(service: str) -> None:
    client = client_of(service)
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.endpoint_url.startswith("https://")
    assert "eu-west-1" in client.meta.endpoint_url


@pytest.mark.parametrize(
    ("values", "endpoint"),
    [
        ({"aws_endpoint_url": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ({"localstack_host": "stack.example"}, "http://stack.example:4566"),
        ({"localstack_host": "stack.example:4577"}, "http://stack.example:4577"),
        ({"localstack_host": "stack.example", "aws_endpoint_url": "http://other:1"}, "http://other:1"),
    ],
)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("key")
def test_an_endpoint_or_localstack_replaces_aws(service: str, values: dict[str, str], endpoint: str) -> None:
    client = client_of(service, **values)
    assert client.meta.endpoint_url == endpoint
    assert client.meta.region_name == "eu-west-1"


@pytest.mark.parametrize("values", [{}, {"localstack_host": "127.0.0.1"}])
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("key")
def test_timeouts_and_retries_are_the_same_everywhere(service: str, values: dict[str, str]) -> None:
    config = client_of(service, **values).meta.config
    assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT_S, 7)
    assert config.retries["mode"] == "standard"


@pytest.mark.usefixtures("key")
def test_only_an_emulator_uses_path_style_buckets() -> None:
    emulator = client_of("s3", aws_endpoint_url="http://127.0.0.1:4566")
    aws = client_of("s3", emulator=EmulatorSettings(enabled=False))
    assert emulator.meta.config.s3["addressing_style"] == "path"
    assert aws.meta.config.s3["addressing_style"] == "auto"


@pytest.mark.parametrize("values", [{}, {"localstack_host": "127.0.0.1"}])
@pytest.mark.parametrize("service", SERVICES)
def test_missing_credentials_are_an_error_with_the_fix(service: str, values: dict[str, str]) -> None:
    with pytest.raises(AwsCredentialsError) as refused:
        client_of(service, **values)
    assert str(refused.value) == f"no AWS credentials found: {CREDENTIALS_REMEDY}"


def test_an_incomplete_pair_of_credentials_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    with pytest.raises(AwsCredentialsError, match=r"can't be used \(.*AWS_SECRET_ACCESS_KEY\): set"):
        client_of("kinesis")


def test_credentials_report_their_source(key: str) -> None:
    found = find_credentials(settings())
    assert (found.access_key, found.method) == (key, "env")
