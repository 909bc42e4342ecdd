"""The decision API and the gateway conform to their OpenAPI document, whatever they are sent."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.stream_settings import StreamSettings
from fraudstream.web.api_keys import make_key
from localrun.job_process import free_port
from localrun.served_system import IDEMPOTENCY_TABLE, SCOPES, TRANSACTION_TABLE
from localstack.streams import create_streams
from localstack.tables import create_serving_tables
from serving.serving_app import create_app
from serving.serving_settings import ServingSettings
from tests.fuzz_budget import examples

HASH_KEY = "00112233445566778899aabbccddeeff"


@dataclass(frozen=True)
class Service:
    """A running decision API with two worker processes, its key and its log."""

    url: str
    headers: dict[str, str]
    log_file: Path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, embedded_url: str) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("contract")
    key, kept = make_key("tester", "dec_", SCOPES)
    (folder / "keys").write_text(kept.line() + "\n")
    endpoint = {
        "AWS_ENDPOINT_URL": embedded_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with pytest.MonkeyPatch.context() as variables:
        for name, value in endpoint.items():
            variables.setenv(name, value)
        streams = StreamSettings.load(env_file=None)
        create_streams(kinesis_client(streams), streams, wait_s=60)
        create_serving_tables(streams, TRANSACTION_TABLE, IDEMPOTENCY_TABLE)
    port = free_port()
    environment = endpoint | {
        "DECISION_API_KEYS_FILE": str(folder / "keys"),
        "DECISION_API_RATE_LIMIT": "1000000/minute",
        "DECISION_API_PROFILE_STORE": f"sqlite:{folder / 'profiles.db'}",
        "DECISION_API_HASH_KEY": HASH_KEY,
        "DECISION_API_TRANSACTION_TABLE": TRANSACTION_TABLE,
        "DECISION_API_GATEWAY_IDEMPOTENCY_STORE": f"sqlite:{folder / 'idempotency.db'}",
    }
    log_file = folder / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "--port", str(port), "--workers", "2"],
            cwd=ROOT,
            env=os.environ | environment,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log_file)
            yield Service(url, {"X-API-Key": key}, log_file)
        finally:
            end_process(process, 30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        assert process.poll() is None, log_file.read_text()
        try:
            if httpx.get(f"{url}/ready").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log_file.read_text())


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:  # noqa: ANN401 - a generated body
    """Return a text as it is: it need not be lines of JSON."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


document = create_app(ServingSettings.load(env_file=None, auth="off"), StreamSettings()).openapi()
contract = schemathesis.openapi.from_dict(document)


def test_the_served_document_is_the_tested_one_and_has_every_route(service: Service) -> None:
    assert httpx.get(f"{service.url}/openapi.json").json() == document
    assert set(document["paths"]) == {
        "/health",
        "/ready",
        "/metrics",
        "/v1/decisions",
        "/api/check-fraud",
        "/predict",
        "/v1/transactions",
        "/v1/labels",
        "/v1/accounts/{account_id}/transactions",
        "/v1/accounts/{account_id}/transactions/{transaction_id}",
    }


@contract.parametrize()
@examples(40)
def test_the_service_conforms_to_its_openapi_document(case: schemathesis.Case[Any], service: Service) -> None:
    # The parser refuses more than a schema can say, such as a control character in an id.
    case.call_and_validate(
        base_url=service.url, headers=service.headers, excluded_checks=[positive_data_acceptance]
    )


def test_two_replicas_give_the_same_answers(service: Service) -> None:
    """Each request has a connection of its own, which either of the two processes accepts."""
    body = {
        "transaction_id": "T1",
        "event_time": "2026-01-02T03:04:05Z",
        "account_id": "A1",
        "transaction_amount_vnd": 5_000_000,
    }
    answers = [
        httpx.post(f"{service.url}/v1/decisions?features=true", json=body, headers=service.headers).json()
        for _ in range(20)
    ]
    varying = {"decided_at", "profile_age_ms"}
    assert len({str({k: v for k, v in each.items() if k not in varying}) for each in answers}) == 1


def test_no_request_has_failed_inside(service: Service) -> None:
    """Runs last: an unhandled error is logged with its traceback."""
    assert "a request failed" not in service.log_file.read_text()
