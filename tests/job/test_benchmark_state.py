"""The benchmark's estimate of an account's state agrees with the state layout."""

from itertools import islice
from pathlib import Path

import pytest

from benchmarks.errors import RunFailedError
from benchmarks.state import account_state
from producer.simulation import TrafficOptions, generate

# Time, id, fingerprint, and the eleven columns that the account's windows read, in words of eight bytes.
ROW_BYTES = 112
START_MS = 1_767_225_600_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    traffic = generate(TrafficOptions(seed=1, accounts=1, fraud_share=0, start_ms=START_MS))
    path = tmp_path / "source.jsonl"
    path.write_bytes(b"".join(each.to_json() + b"\n" for each, _ in islice(traffic, 30)))
    return path


def test_each_transaction_adds_a_row_to_its_account(source: Path) -> None:
    few, more = account_state(source, 10), account_state(source, 30)
    assert few.transactions_per_account == 10
    assert more.transactions_per_account == 30
    assert more.bytes_per_account - few.bytes_per_account == 20 * ROW_BYTES


def test_a_missing_kernel_probe_is_reported(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RunFailedError, match="run `make bench`"):
        account_state(source, 1)
