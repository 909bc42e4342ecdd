"""Run the kernel's core in this process, over a stream, with an in-memory profile store.

A separate process, because JPype's JVM can't be started twice, nor beside PyFlink's tests. Arguments:
the catalogue's file, the allowed lateness in ms, the file of customers' metadata, and the file to write the
last profiles to. Input lines: T and a transaction, or L and a label. Output: one JSON object per line,
``refused`` with the reason, or the outcome; vectors as the hex of their doubles.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import jpype

from fraudstream.online.customer_lookup import customer_metadata
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.customer_settings import CustomerMetadataSettings
from fraudstream.runtime.project_root import ROOT
from jobs.environment import milliseconds
from jobs.job_settings import JobSettings

CORE_JAR = ROOT / "build" / "fraudstream-core.jar"
PATIENCE = timedelta(seconds=5)
"""A table's first answer takes longer than a server waits for it."""
ANY_TIME_MS = -1
"""No clock checks event times, as in the job over a file."""


class ProfileStore:
    """Passes arrivals through the core: reads each one's profiles from the store and writes them back."""

    def __init__(self, catalogue_json: str, allowed_lateness_ms: int, customers: str) -> None:
        kernel = jpype.JPackage("fraudstream").kernel
        self._refused = kernel.record.RefusedException
        self._features = kernel.OnlineFeatures(
            catalogue_json,
            JobSettings().max_record_bytes,
            ANY_TIME_MS,
            allowed_lateness_ms,
            milliseconds(JobSettings().future_tolerance),
            kernel.record.HashKey.BATCH,
            customer_metadata(
                CustomerMetadataSettings(customer_metadata=customers, customer_metadata_timeout=PATIENCE),
                AwsSettings(),
            ),
        )
        self._entities = [str(name) for name in self._features.entities()]
        self._profiles: dict[tuple[str, str], bytes] = {}

    def dump(self) -> dict[str, str]:
        """Return the hex of each profile by entity and id."""
        return {f"{entity}#{id_}": profile.hex() for (entity, id_), profile in self._profiles.items()}

    def answer(self, line: bytes) -> dict[str, Any]:
        """Return the outcome of a line."""
        kind, record = line[:1], line[1:]
        try:
            if kind == b"L":
                return self._label(self._features.label(record))
            return self._transaction(self._features.transaction(record, 0))
        except self._refused as refused:
            return {"refused": str(refused.refusal.reason)}

    def _transaction(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 - JPype has no types
        keys = self._keys(event)
        stored = self._read(keys)
        evaluated = self._features.evaluate(event, stored)
        applied = self._features.apply(event, stored)
        self._write(keys, applied.profiles)
        answer = {"transaction_id": str(event.transactionId), "outcome": str(evaluated.outcome)}
        if evaluated.ordinals is None:
            return answer
        ordinals = dict(zip(self._entities, map(int, evaluated.ordinals), strict=True))
        return answer | {
            "ordinals": {entity: number for entity, number in ordinals.items() if number},
            "metadata_version": None if event.metadataVersion is None else str(event.metadataVersion),
            "out_of_reach": [str(entity) for entity in evaluated.outOfReach],
            "evaluated": memoryview(evaluated.features).tobytes().hex(),
            "applied": memoryview(applied.features).tobytes().hex(),
        }

    def _label(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 - JPype has no types
        keys = self._keys(event)
        self._write(keys, self._features.applyLabel(event, self._read(keys)))
        return {"outcome": "label"}

    def _keys(self, event: Any) -> list[tuple[str, str] | None]:  # noqa: ANN401 - JPype has no types
        ids = self._features.ids(event)
        return [
            # An empty id is a valid id.
            None if id_ is None else (entity, str(id_))
            for entity, id_ in zip(self._entities, ids, strict=True)
        ]

    def _read(self, keys: list[tuple[str, str] | None]) -> list[bytes | None]:
        return [self._profiles.get(key) if key else None for key in keys]

    def _write(self, keys: list[tuple[str, str] | None], profiles: Any) -> None:  # noqa: ANN401 - JPype has no types
        for key, profile in zip(keys, profiles, strict=True):
            if key and profile is not None:
                self._profiles[key] = bytes(profile)


def main(catalogue: str, allowed_lateness_ms: str, customers: str, profiles: str) -> None:
    """Answer every line of standard input."""
    jpype.startJVM(classpath=[str(CORE_JAR)])
    store = ProfileStore(Path(catalogue).read_text(), int(allowed_lateness_ms), customers)
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(store.answer(line.removesuffix(b"\n"))) + "\n")
    Path(profiles).write_text(json.dumps(store.dump()))


if __name__ == "__main__":
    main(*sys.argv[1:])
