"""Memory of the transaction API by number of accounts: ``python -m benchmarks.api_memory``.

Each figure is the resident memory of a new process that has served transactions; the last line has that of
the process itself and of one account more. Linux only.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Final

from fraudstream.runtime.loopback import open_url
from fraudstream.runtime.process_memory import resident_bytes
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process

ACCOUNTS: Final = (1_000, 20_000, 100_000)
REQUESTS: Final = 50
TIMEOUT_S: Final = 60.0
END_TIMEOUT_S: Final = 10.0
MIB: Final = 1024 * 1024
_LISTENING: Final = "Uvicorn running on "


@dataclass(frozen=True, slots=True)
class ApiMemory:
    """Resident memory of a process that simulates a bank with this many accounts."""

    accounts: int
    resident_bytes: int


def slope(measurements: Sequence[ApiMemory]) -> tuple[float, float]:
    """Return the bytes of the process without accounts and the bytes per account, by least squares.

    Raises `ValueError` if all measurements have the same number of accounts.
    """
    mean_accounts = sum(each.accounts for each in measurements) / len(measurements)
    mean_bytes = sum(each.resident_bytes for each in measurements) / len(measurements)
    spread = sum((each.accounts - mean_accounts) ** 2 for each in measurements)
    if spread == 0:
        msg = "the memory of an account needs measurements with different numbers of accounts"
        raise ValueError(msg)
    per_account = (
        sum((each.accounts - mean_accounts) * (each.resident_bytes - mean_bytes) for each in measurements)
        / spread
    )
    return mean_bytes - per_account * mean_accounts, per_account


def report(measurements: Sequence[ApiMemory]) -> str:
    """Return the measurements as lines of text."""
    base, per_account = slope(measurements)
    lines = [f"{each.accounts:>8,} accounts  {each.resident_bytes / MIB:6.1f} MiB" for each in measurements]
    return "\n".join([*lines, f"process {base / MIB:.0f} MiB, account {per_account / 1024:.2f} KiB"])


def address(lines: Iterable[bytes]) -> str:
    """Return the URL that the server's log says it listens on; raises `ValueError` if it ends before."""
    for line in lines:
        message: str = json.loads(line)["message"] if line.startswith(b"{") else ""
        if message.startswith(_LISTENING):
            return message.removeprefix(_LISTENING).split(" ", 1)[0]
    msg = "the transaction API ended before it listened: run `fraudstream api --development` to see why"
    raise ValueError(msg)


def measure(accounts: int, requests: int = REQUESTS) -> ApiMemory:
    """Start the API with ``accounts``, request 1,000 transactions ``requests`` times, and read its memory."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TRANSACTION_API_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "producer.api", "--development", "--port", "0"],
        cwd=ROOT,
        env=environment | {"TRANSACTION_API_ACCOUNTS": str(accounts), "TRANSACTION_API_LOG_LEVEL": "INFO"},
        stderr=subprocess.PIPE,
    )
    try:
        return ApiMemory(accounts, _memory_after(process, requests))
    finally:
        end_process(process, END_TIMEOUT_S)


def _memory_after(process: subprocess.Popen[bytes], requests: int) -> int:
    log: IO[bytes] = process.stderr  # type: ignore[assignment] # it was opened as a pipe
    url = address(log)
    for _ in range(requests):
        with open_url(f"{url}/transactions/1000", TIMEOUT_S) as answer:
            answer.read()
    return resident_bytes(process.pid)


def main(measured: Callable[[int], ApiMemory] = measure) -> None:
    """Measure and print."""
    sys.stdout.write(report([measured(accounts) for accounts in ACCOUNTS]) + "\n")


if __name__ == "__main__":
    main()
