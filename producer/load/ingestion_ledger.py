"""Ledger of an ingestion load test: records that the gateway accepted, against those in the stream."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

DIGEST_BYTES: Final = 16
NAMED_LOST: Final = 10
"""Most transaction ids that the summary names."""


class IngestionLedger:
    """Accounts for every record that was sent: what the gateway said of it, and whether the stream has it.

    Records are compared byte for byte, by their digests, so a record that was changed on its way is lost.
    Hold `lock` to read several values together.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.results: Counter[str] = Counter()
        """Records by the gateway's result: accepted, refused, failed, or "no answer"."""
        self._sent: dict[int, list[bytes]] = {}
        self._accepted: set[bytes] = set()
        self._unconfirmed: set[bytes] = set()
        self._found: Counter[bytes] = Counter()
        self._ids: dict[bytes, str] = {}

    def on_request(self, number: int, records: Sequence[bytes]) -> None:
        """Note the records of a request, by its number from 0."""
        digests = [_digest(record) for record in records]
        with self.lock:
            self._sent[number] = digests

    def on_answer(self, number: int, _status: int, body: bytes) -> None:
        """Note the gateway's result of each record of a request."""
        with self.lock:
            digests = self._sent.pop(number)
            results = _results(body)
            for place, digest in enumerate(digests):
                result = results.get(place, {})
                self._note(digest, str(result.get("result") or "refused"), result)

    def _note(self, digest: bytes, outcome: str, result: dict[str, Any]) -> None:
        self.results[outcome] += 1
        if outcome == "accepted":
            self._accepted.add(digest)
            self._ids[digest] = str(result.get("transaction_id"))
        elif outcome == "failed":
            self._unconfirmed.add(digest)

    def close(self) -> None:
        """Count the records of requests without an answer; nothing is sent any more."""
        with self.lock:
            for digests in self._sent.values():
                self.results["no answer"] += len(digests)
                self._unconfirmed.update(digests)
            self._sent.clear()

    def on_found(self, records: Iterable[bytes]) -> None:
        """Count records of the stream; those of other producers are ignored at the end."""
        digests = [_digest(record) for record in records]
        with self.lock:
            self._found.update(digests)

    @property
    def missing(self) -> int:
        """The number of accepted records that were not found in the stream so far."""
        with self.lock:
            return sum(digest not in self._found for digest in self._accepted)

    def summary(self) -> dict[str, Any]:
        """Return JSON-ready counts of records.

        ``lost`` were accepted and are not in the stream; ``repeated`` are in it more than once, which the job
        recognises; ``unconfirmed_in_stream`` have no confirmation and are in it all the same.
        """
        with self.lock:
            lost = sorted(self._ids[digest] for digest in self._accepted if digest not in self._found)
            own = self._accepted | self._unconfirmed
            return {
                "records": dict(sorted(self.results.items())),
                "accepted": len(self._accepted),
                "lost": len(lost),
                "lost_ids": lost[:NAMED_LOST],
                "repeated": sum(count - 1 for digest, count in self._found.items() if digest in own),
                "unconfirmed_in_stream": sum(digest in self._found for digest in self._unconfirmed),
            }


def _digest(record: bytes) -> bytes:
    return hashlib.blake2b(record, digest_size=DIGEST_BYTES).digest()


def _results(body: bytes) -> dict[int, dict[str, Any]]:
    """Return the results of an answer by the place of their record; empty if the answer has none."""
    try:
        answer = orjson.loads(body)
        return {int(result["index"]): result for result in answer["results"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return {}
