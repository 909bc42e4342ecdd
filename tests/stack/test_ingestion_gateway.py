"""The gateway as a process, before the embedded emulator: what it answered with 202 is in the stream.

A proxy throttles, loses answers and disappears; then the gateway is killed. The transaction table is filled
from what is in the stream.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

import httpx
import orjson
import pytest

from drills.endpoint import FaultyEndpoint
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localrun.job_process import free_port
from localstack.streams import create_streams
from localstack.tables import create_serving_tables
from serving.transaction_table.transaction_reader import TimeRange, TransactionReader
from tests.stack.stack_helpers import read_all, run_module

pytestmark = pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
START_TIMEOUT_S = 60.0
SENDERS = 8
ACCOUNTS = 20
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def table() -> str:
    """Return the name of a table for this test alone."""
    return f"Transactions-{uuid4().hex[:8]}"


@pytest.fixture
def streams(kinesis_settings: JobSettings, table: str) -> JobSettings:
    """Create the streams and the table."""
    create_streams(kinesis_client(kinesis_settings), kinesis_settings, wait_s=60)
    create_serving_tables(kinesis_settings, table, f"Keys-{table}")
    return kinesis_settings


@contextmanager
def gateway(endpoint_url: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run the service against an endpoint; yields its URL and its process, which is ended at last."""
    port = free_port()
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "DECISION_API_AUTH": "off",
        "DECISION_API_RATE_LIMIT": "1000000/second",
        "DECISION_API_LOG_LEVEL": "ERROR",
        "DECISION_API_GATEWAY_DEADLINE": "2s",
        "DECISION_API_GATEWAY_ATTEMPT_TIMEOUT": "1s",
    }
    command = [sys.executable, "-m", "serving", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(url)
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def wait_until_up(url: str) -> None:
    end_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end_s, "the service did not start"
        time.sleep(0.1)


class Senders:
    """Send single transactions without a pause; ``confirmed`` has the ids that were answered with 202."""

    def __init__(self, url: str) -> None:
        self.confirmed: list[str] = []
        self.statuses: set[int] = set()
        self._url = url
        self._is_over = False

    def run(self, faults: Callable[[], None]) -> None:
        """Send until ``faults``, which runs in a thread, returns."""

        async def together() -> None:
            async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
                senders = [asyncio.create_task(self._send(client, number)) for number in range(SENDERS)]
                await asyncio.to_thread(faults)
                self._is_over = True
                await asyncio.gather(*senders)

        asyncio.run(together())

    async def _send(self, client: httpx.AsyncClient, sender: int) -> None:
        number = 0
        while not self._is_over:
            number += 1
            record = {
                "transaction_id": f"{sender}-{number}",
                "account_id": f"a{number % ACCOUNTS}",
                "event_time": format_time(wall_clock_ms()),
                "transaction_amount_vnd": number,
            }
            try:
                answer = await client.post("/v1/transactions", content=orjson.dumps(record), headers=HEADERS)
            except httpx.TransportError:
                # The gateway is killed: this record is in doubt, and was never confirmed.
                continue
            self.statuses.add(answer.status_code)
            if answer.status_code == 202:
                self.confirmed.append(record["transaction_id"])  # type: ignore[arg-type] # a text


def test_nothing_that_was_confirmed_is_lost_and_the_table_has_all_of_it(
    streams: JobSettings, emulator_url: str, table: str
) -> None:
    with ExitStack() as opened:
        endpoint = opened.enter_context(closing(FaultyEndpoint(emulator_url, seed=7)))
        url, process = opened.enter_context(gateway(endpoint.url))
        senders = Senders(url)
        confirmed_after: list[int] = []

        def faults() -> None:
            for fault in (
                endpoint.throttling(0.3),
                endpoint.losing_answers(0.3),
                endpoint.gone(),
                ExitStack(),
            ):
                with fault:
                    time.sleep(1.5)
                confirmed_after.append(len(senders.confirmed))
            process.send_signal(signal.SIGKILL)
            process.wait(10)

        senders.run(faults)

    in_stream = [orjson.loads(each.data) for each in read_all(streams, streams.transactions_stream)]
    ids = {each["transaction_id"] for each in in_stream}
    assert set(senders.confirmed) <= ids
    assert endpoint.throttled > 0
    assert endpoint.hindered > 0
    # It worked during throttling and lost answers, and again after the outage.
    assert 0 < confirmed_after[0] < confirmed_after[1]
    assert confirmed_after[2] < confirmed_after[3]
    assert senders.statuses <= {202, 503}

    filled = run_module("serving.transaction_table", "--table", table, "--idle-seconds", "1", timeout_s=120)
    assert filled.returncode == 0, filled.stderr
    reader = TransactionReader(aws_client("dynamodb", streams, read_timeout_s=10), table)
    pages = [reader.page(f"a{n}", TimeRange(), limit=100_000, now_s=0) for n in range(ACCOUNTS)]
    assert {each.transaction.transaction_id for page in pages for each in page.transactions} == ids


def test_a_gateway_that_is_asked_to_stop_answers_what_it_has_accepted(
    streams: JobSettings, emulator_url: str
) -> None:
    record = {"account_id": "a", "event_time": format_time(wall_clock_ms()), "transaction_amount_vnd": 1}
    bodies = [orjson.dumps(record | {"transaction_id": str(number)}) for number in range(5)]
    with closing(FaultyEndpoint(emulator_url, seed=7)) as endpoint, gateway(endpoint.url) as (url, process):

        def send(body: bytes) -> int:
            return httpx.post(f"{url}/v1/transactions", content=body, headers=HEADERS, timeout=30).status_code

        with ThreadPoolExecutor(len(bodies)) as threads:
            with endpoint.throttling(1.0):
                answers = [threads.submit(send, body) for body in bodies]
                while endpoint.throttled < len(bodies):
                    time.sleep(0.01)
                process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            assert [answer.result() for answer in answers] == [202] * len(bodies)
        assert process.wait(30) == 0
    assert {each.data for each in read_all(streams, streams.transactions_stream)} == set(bodies)
