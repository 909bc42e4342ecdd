"""The image of the Lambda function for decisions, in AWS's runtime interface client.

Its files are those of the replayed Dockerfile, and its packages those of its locks.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.web.api_keys import key_hash
from tests.lambda_runtime import InvocationResult, RuntimeApi, link_runtime_client, running_function
from tests.stack.test_image_contents import STAGES, Image
from tests.unit.serving.aws_lambda.proxy_events_of_tests import posted

KEY = {"X-API-Key": "the-key", "Content-Type": "application/json"}
both = pytest.mark.parametrize("version", ["1.0", "2.0"])


@pytest.fixture(scope="module", name="image")
def fixture_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = Image("serving", tmp_path_factory.mktemp("image"))
    # Of another stage of the build.
    shutil.copy(ROOT / "build" / "fraudstream-core.jar", image.home / "fraudstream" / "online")
    return image


@pytest.fixture(scope="module", name="variables")
def fixture_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"gateway {key_hash('the-key')} scopes=decisions:read\n")
    return {"DECISION_API_KEYS_FILE": str(keys), "AWS_REGION": "ap-southeast-1"}


def packages_of(image: Image) -> list[Path]:
    client = image.root / "runtime-client"
    return [image.root / "packages", client if client.exists() else link_runtime_client(client)]


@pytest.fixture(scope="module", name="function")
def fixture_function(
    image: Image, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RuntimeApi]:
    (handler,) = STAGES["lambda-decisions"].command
    log = tmp_path_factory.mktemp("log") / "log"
    with running_function(handler, image.home, packages_of(image), variables, log) as api:
        yield api


def answer_of(result: InvocationResult) -> tuple[int, Any]:
    assert result.kind == "response", result
    return result.body["statusCode"], json.loads(result.body["body"])


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@both
def test_the_documents_request_has_its_answer(function: RuntimeApi, version: str) -> None:
    asked = {
        "transaction_id": "TXN123456",
        "user_id": "USER001",
        "merchant_id": "MERCH001",
        "amount": 1500.00,
    }
    body = json.dumps(asked | {"timestamp": now()}).encode()
    status, answer = answer_of(function.invoke(posted("/api/check-fraud", body, KEY, version=version)))
    assert (status, answer["transaction_id"]) == (200, "TXN123456")
    assert answer["risk_level"] in {"LOW", "MEDIUM", "HIGH"}
    assert 0 < answer["fraud_score"] < 1


@both
def test_a_body_in_base64_has_a_decision(function: RuntimeApi, version: str) -> None:
    transaction = {
        "transaction_id": "T1",
        "account_id": "A1",
        "event_time": now(),
        "transaction_amount_vnd": 5,
    }
    event = posted("/v1/decisions", json.dumps(transaction).encode(), KEY, version=version, is_base64=True)
    status, answer = answer_of(function.invoke(event))
    assert (status, answer["transaction_id"], answer["profile"]) == (200, "T1", "missing")


@both
def test_a_refusal_is_the_problem_of_the_api(function: RuntimeApi, version: str) -> None:
    status, problem = answer_of(function.invoke(posted("/v1/decisions", b"[]", {}, version=version)))
    assert (status, problem["status"]) == (401, 401)
    status, problem = answer_of(function.invoke(posted("/v1/decisions", b"{", KEY, version=version)))
    assert (status, problem["type"]) == (422, "urn:fraudstream:problem:invalid-input")
    assert problem["errors"][0]["remedy"]


def test_another_event_is_an_error_of_the_invocation(function: RuntimeApi) -> None:
    kind, body = function.invoke({"Records": []})
    assert (kind, body["errorType"]) == ("error", "ProxyEventError")


def test_a_function_without_a_model_fails_in_its_init_phase(
    image: Image, variables: dict[str, str], tmp_path: Path
) -> None:
    (handler,) = STAGES["lambda-decisions"].command
    wrong = variables | {"DECISION_API_MODEL": "/nowhere"}
    with running_function(handler, image.home, packages_of(image), wrong, tmp_path / "log") as api:
        kind, body = api.result()
    assert kind == "init/error"
    assert "/nowhere/manifest.json does not exist" in body["errorMessage"]
