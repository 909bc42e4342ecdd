"""Deployments to an in-process SageMaker."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from serving.sagemaker.endpoint_deployment import Deployment, deploy

WANTED = Deployment(
    endpoint="fraudstream",
    image="123456789012.dkr.ecr.ap-southeast-1.amazonaws.com/fraudstream-sagemaker:1",
    model_data_url="s3://bucket/model.tar.gz",
    role="arn:aws:iam::123456789012:role/FraudEndpoint",
    instance_type="ml.m5.large",
    instances=1,
)


@pytest.fixture(name="sagemaker")
def fixture_sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        make: Any = boto3.client
        yield make("sagemaker", region_name="ap-southeast-1")


def test_the_first_deployment_creates_model_configuration_and_endpoint(sagemaker: Any) -> None:  # noqa: ANN401
    assert deploy(sagemaker, WANTED) == "created"
    endpoint = sagemaker.describe_endpoint(EndpointName="fraudstream")
    name = endpoint["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 1)
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == WANTED.model_data_url
    assert model["ExecutionRoleArn"] == WANTED.role


def test_the_same_deployment_again_changes_nothing(sagemaker: Any) -> None:  # noqa: ANN401
    deploy(sagemaker, WANTED)
    assert deploy(sagemaker, WANTED) == "unchanged"
    assert len(sagemaker.list_models()["Models"]) == 1


def test_a_deployment_that_was_interrupted_is_completed(sagemaker: Any) -> None:  # noqa: ANN401
    deploy(sagemaker, WANTED)
    sagemaker.delete_endpoint(EndpointName="fraudstream")
    assert deploy(sagemaker, WANTED) == "created"


def test_another_image_is_another_configuration_and_the_earlier_one_is_kept(sagemaker: Any) -> None:  # noqa: ANN401
    deploy(sagemaker, WANTED)
    newer = replace(WANTED, image=WANTED.image.replace(":1", ":2"))
    assert newer.configuration != WANTED.configuration
    updates: list[dict[str, str]] = []
    # The emulator does not know this call.
    sagemaker.update_endpoint = lambda **request: updates.append(request)
    assert deploy(sagemaker, newer) == "updated"
    assert updates == [{"EndpointName": "fraudstream", "EndpointConfigName": newer.configuration}]
    assert len(sagemaker.list_models()["Models"]) == 2


def test_a_refusal_of_aws_is_passed_on(sagemaker: Any) -> None:  # noqa: ANN401
    def denied(**_request: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeModel")

    sagemaker.describe_model = denied
    with pytest.raises(ClientError, match="AccessDenied"):
        deploy(sagemaker, WANTED)
