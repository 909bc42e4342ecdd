"""Parts of the served system on this machine, each a process of its own, and the environment they share."""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError

from fraudstream.runtime.loopback import open_url
from fraudstream.web.api_keys import ApiKey, make_key
from localrun.logged_process import LoggedProcess, logged_process
from serving.serving_names import KEY_PREFIX

SCOPES: Final = ("decisions:read", "labels:write", "metrics:read", "transactions:read", "transactions:write")
"""Every scope of the decision API and the gateway: the key is for trying all of their routes."""
KEY_OWNER: Final = "serve"
RATE_LIMIT: Final = "600000/minute"
"""For a load test on this machine. The service's own default is for strangers."""
READY_TIMEOUT_S: Final = 120.0
POLL_S: Final = 0.3
HASH_KEY_BYTES: Final = 16
TRANSACTION_TABLE: Final = "Transactions"
IDEMPOTENCY_TABLE: Final = "IdempotencyKeys"
DECISIONS_STREAM: Final = "Decisions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedSystem:
    """Addresses and secrets of the parts.

    Secrets go through the environment, as any user can list the options of a process.
    """

    folder: Path
    """For the key file, the embedded profile store and the logs; only its owner may read it."""
    host: str
    port: int
    has_auth: bool
    workers: int
    store: str
    """URL of the profile store, which may have a password."""
    hash_key: str
    decisions_stream: str = DECISIONS_STREAM

    @property
    def url(self) -> str:
        """The address of the decision API."""
        return f"http://{self.host}:{self.port}"

    def job_variables(self) -> dict[str, str]:
        """Return the settings of the job that make it write profiles."""
        return {"FRAUDSTREAM_PROFILE_STORE": self.store, "FRAUDSTREAM_HASH_KEY": self.hash_key}

    def api_variables(self, endpoint_url: str) -> dict[str, str]:
        """Return the settings of the decision API, which reads them."""
        variables = {
            "AWS_ENDPOINT_URL": endpoint_url,
            "FRAUDSTREAM_DECISIONS_STREAM": self.decisions_stream,
            "DECISION_API_HOST": self.host,
            "DECISION_API_PORT": str(self.port),
            "DECISION_API_AUTH": "on" if self.has_auth else "off",
            "DECISION_API_RATE_LIMIT": RATE_LIMIT,
            "DECISION_API_PROFILE_STORE": self.store,
            "DECISION_API_HASH_KEY": self.hash_key,
            "DECISION_API_TRANSACTION_TABLE": TRANSACTION_TABLE,
            "DECISION_API_GATEWAY_IDEMPOTENCY_STORE": f"dynamodb:{IDEMPOTENCY_TABLE}",
        }
        if self.has_auth:
            variables["DECISION_API_KEYS_FILE"] = str(self.keys_file)
        return variables

    @property
    def keys_file(self) -> Path:
        """The file with the hash of the key that `make_api_key` returned."""
        return self.folder / "keys"

    def make_api_key(self) -> str | None:
        """Write the key file; return its key, which has every scope, or None with ``has_auth`` off."""
        if not self.has_auth:
            return None
        key, kept = make_key(KEY_OWNER, KEY_PREFIX, SCOPES)
        _write_private(self.keys_file, kept)
        return key

    @contextlib.contextmanager
    def decision_api(self, endpoint_url: str, logs: Path) -> Iterator[LoggedProcess]:
        """Run the decision API while the block runs; see `wait_until_ready`."""
        arguments = ["-m", "serving", "--workers", str(self.workers)]
        variables = self.api_variables(endpoint_url)
        with logged_process(arguments, "the decision API", logs / "api.log", variables) as process:
            yield process

    @contextlib.contextmanager
    def transaction_table(self, endpoint_url: str, logs: Path) -> Iterator[LoggedProcess]:
        """Fill the table of transactions from the streams while the block runs."""
        arguments = ["-m", "serving.transaction_table", "--table", TRANSACTION_TABLE]
        variables = {"AWS_ENDPOINT_URL": endpoint_url}
        with logged_process(arguments, "the transaction table", logs / "table.log", variables) as process:
            yield process

    def wait_until_ready(self, process: LoggedProcess, stop: threading.Event) -> None:
        """Wait until ``/ready`` answers, or ``stop`` is set.

        Raises `ProcessEndedError` if the API ends, or does not answer within `READY_TIMEOUT_S`.
        """
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self._is_ready():
            process.check()
            if time.monotonic() > deadline_s:
                what = f"the decision API was not ready within {READY_TIMEOUT_S:.0f} s"
                raise process.error(what)
            if stop.wait(POLL_S):
                return

    def _is_ready(self) -> bool:
        try:
            with open_url(f"{self.url}/ready", 5):
                return True
        except (HTTPError, URLError, ConnectionError, TimeoutError):
            return False


def new_hash_key() -> str:
    """Return a hash key for a new system, in hexadecimal digits."""
    return secrets.token_hex(HASH_KEY_BYTES)


def _write_private(path: Path, kept: ApiKey) -> None:
    path.touch(mode=0o600)
    path.write_text(kept.line() + "\n")
