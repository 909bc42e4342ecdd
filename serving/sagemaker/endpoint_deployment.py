"""Deployment of a model archive to a SageMaker endpoint; repeating it changes nothing."""

import hashlib
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from fraudstream.runtime.aws_errors import error_code

Deployed = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """An endpoint: its container's image, the archive in S3, the role, and the instances."""

    endpoint: str
    image: str
    model_data_url: str
    role: str
    instance_type: str
    instances: int

    @property
    def configuration(self) -> str:
        """The name of the model and of the endpoint's configuration: another one for other contents."""
        digest = hashlib.sha256("\0".join(map(str, astuple(self))).encode()).hexdigest()
        return f"{self.endpoint[:40]}-{digest[:16]}"


def deploy(client: Any, wanted: Deployment) -> Deployed:  # noqa: ANN401 - boto3 without stubs
    """Create what is missing and point the endpoint to it; raises ``ClientError`` if AWS refuses a call.

    Does not wait until the endpoint is in service. Earlier models and configurations are kept, to go back to.
    """
    name = wanted.configuration
    if _described(lambda: client.describe_model(ModelName=name)) is None:
        container = {"Image": wanted.image, "ModelDataUrl": wanted.model_data_url}
        client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=wanted.role)
    if _described(lambda: client.describe_endpoint_config(EndpointConfigName=name)) is None:
        variant = {
            "VariantName": "all",
            "ModelName": name,
            "InstanceType": wanted.instance_type,
            "InitialInstanceCount": wanted.instances,
        }
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    found = _described(lambda: client.describe_endpoint(EndpointName=wanted.endpoint))
    if found is None:
        client.create_endpoint(EndpointName=wanted.endpoint, EndpointConfigName=name)
        return "created"
    if found["EndpointConfigName"] == name:
        return "unchanged"
    client.update_endpoint(EndpointName=wanted.endpoint, EndpointConfigName=name)
    return "updated"


def _described(describe: Callable[[], Any]) -> Any:  # noqa: ANN401 - boto3 without stubs
    """Return a description, None if there is no such thing: SageMaker calls that a validation error."""
    try:
        return describe()
    except ClientError as error:
        if error_code(error) == "ValidationException" and "not find" in str(error):
            return None
        raise
