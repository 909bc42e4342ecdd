"""Customers' metadata in a DynamoDB table of the emulator: the same for the job's kernel and for a server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from drills.tcp_proxy import TcpProxy
from fraudstream.archives.customer_files import write_customers
from fraudstream.domain.catalogue import CUSTOMER_FEATURES, Catalogue
from fraudstream.domain.customer import Customer
from fraudstream.domain.reference import evaluate
from fraudstream.domain.transaction import Transaction, parse_time_ms
from fraudstream.profiles.customer_table import CustomerTable, CustomerTableError
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from localstack.tables import create_customer_table
from tests.job.kernel_probe import KernelProbe, running_probe
from tests.stack.stack_helpers import run_module, settings_with_own_streams

CATALOGUE = Catalogue(CUSTOMER_FEATURES)
TIME_MS = parse_time_ms("2026-01-12T05:00:00Z")
CUSTOMERS = {
    "C1": Customer(segment="private", kyc_level=1, customer_since=date(2026, 1, 2)),
    "Đ": Customer(segment="other"),
    "C3": Customer(),
}
IDS = ("C1", "Đ", "C3", "nobody", "", None, "C1")
STREAM = [
    Transaction(
        transaction_id=f"t{place}",
        event_time_ms=TIME_MS + place,
        account_id="A",
        transaction_amount_vnd=1.0,
        customer_id=id_,
        counterparty_id="P",
    )
    for place, id_ in enumerate(IDS)
]
LATENESS_MS = 1_000


@pytest.fixture
def kinesis_settings(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Use the embedded emulator: LocalStack's DynamoDB needs downloads."""
    return settings_with_own_streams(embedded_url, monkeypatch)


@pytest.fixture(name="table")
def fixture_table(kinesis_settings: JobSettings, tmp_path: Path) -> str:
    """Return the name of a table with the customers, created and filled by the commands."""
    suffix = uuid4().hex[:8]
    table = f"user-metadata-{suffix}"
    create_customer_table(kinesis_settings, table)
    write_customers(tmp_path / "customers.jsonl", CUSTOMERS.items())
    loaded = run_module("producer", "load-customers", str(tmp_path / "customers.jsonl"), "--table", table)
    assert loaded.returncode == 0, loaded.stderr
    return table


@pytest.fixture(name="probe")
def fixture_probe(kinesis_settings: JobSettings) -> Iterator[KernelProbe]:
    """Run a kernel with the credentials of ``kinesis_settings``."""
    assert kinesis_settings.is_emulator
    with running_probe() as running:
        yield running


def settings_of(table: str, **others: object) -> JobSettings:
    return JobSettings.model_validate({"customer_metadata": f"dynamodb:{table}"} | others)


def test_the_kernel_and_a_server_have_the_values_of_the_reference(
    probe: KernelProbe, table: str, tmp_path: Path
) -> None:
    expected = [
        each.features
        for each in evaluate(CATALOGUE, STREAM, allowed_lateness_ms=LATENESS_MS, customers=CUSTOMERS)
    ]
    patient = settings_of(table, customer_metadata_timeout=timedelta(seconds=5))
    answers = probe.run(CATALOGUE, STREAM, allowed_lateness_ms=LATENESS_MS, settings=patient)
    assert [answer.features for answer in answers] == expected
    versions = [answer.metadata_version for answer in answers]
    assert [version and version[:2] for version in versions] == [
        "20" if id_ is not None else None for id_ in IDS
    ]

    (tmp_path / "catalogue.json").write_text(CATALOGUE.to_json())
    core = subprocess.run(
        [
            *(sys.executable, "-m", "tests.job.core_probe", str(tmp_path / "catalogue.json")),
            *(str(LATENESS_MS), f"dynamodb:{table}", os.devnull),
        ],
        cwd=ROOT,
        input=b"".join(b"T" + each.to_json() + b"\n" for each in STREAM),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert core.returncode == 0, core.stderr.decode()
    vectors = [
        memoryview(bytes.fromhex(json.loads(line)["evaluated"])).cast("d")
        for line in core.stdout.splitlines()
    ]
    found = [[None if value != value else value for value in vector] for vector in vectors]  # noqa: PLR0124 - NaN
    assert found == [list(features.values()) for features in expected]


def test_a_table_that_stops_answering_costs_little_time_and_is_named_and_comes_back(
    probe: KernelProbe, table: str, kinesis_settings: JobSettings
) -> None:
    proxy = TcpProxy()
    proxy.target_port = urlsplit(kinesis_settings.endpoint_url or "").port or 0
    try:
        limited = settings_of(
            table,
            aws_endpoint_url=f"http://127.0.0.1:{proxy.port}",
            customer_metadata_timeout=timedelta(milliseconds=50),
        )
        strangers = [
            Transaction(
                transaction_id=f"t{number}",
                event_time_ms=TIME_MS,
                account_id="A",
                transaction_amount_vnd=1.0,
                customer_id=f"X{number}",
            )
            for number in range(400)
        ]
        with proxy.cut():
            began = time.monotonic()
            answers = probe.run(CATALOGUE, strangers, allowed_lateness_ms=LATENESS_MS, settings=limited)
            took_s = time.monotonic() - began
        assert {answer.metadata_version for answer in answers} == {"unavailable"}
        assert {answer.features["customer_kyc_level"] for answer in answers} == {None}
        assert took_s < 10, "400 waits would take 20 s"
        until = time.monotonic() + 30
        while time.monotonic() < until:
            (answer,) = probe.run(CATALOGUE, STREAM[:1], allowed_lateness_ms=LATENESS_MS, settings=limited)
            if answer.features["customer_kyc_level"] == 1:
                break
        assert answer.features["customer_kyc_level"] == 1
    finally:
        proxy.close()


def test_a_missing_table_is_an_error_that_names_the_command(kinesis_settings: JobSettings) -> None:
    table = CustomerTable.open(kinesis_settings, "none-there")
    with pytest.raises(
        CustomerTableError, match="'none-there' not found; create it with `fraudstream create-t"
    ):
        table.read(["C1"])
