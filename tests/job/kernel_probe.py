"""Run the kernel's steps in a separate JVM, without Flink: one output line per input line."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson

from benchmarks.state import probe_command
from fraudstream.domain.catalogue import ENTITIES, Catalogue
from fraudstream.domain.customer import Customer
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.features import METADATA_VERSION, OUT_OF_REACH, RESERVED_NAMES
from fraudstream.domain.reference import Features
from fraudstream.domain.transaction import Label, Transaction
from jobs.job_settings import JobSettings
from jobs.kernel import KernelOptions, job_config


class Answer(NamedTuple):
    """The kernel's result for one transaction; features and ordinals are empty unless it is new."""

    outcome: str
    features: Features
    ordinals: dict[str, int]
    out_of_reach: tuple[str, ...] = ()
    metadata_version: str | None = None


class KernelProbe:
    """Client of a running probe."""

    def __init__(self, process: "subprocess.Popen[bytes]", customers: Path) -> None:
        """Take the file to write customers' metadata to."""
        self._process = process
        self._customers = customers

    def run(  # noqa: PLR0913 - the limits and the metadata of a run
        self,
        catalogue: Catalogue,
        arrivals: Iterable[Transaction | Label],
        *,
        allowed_lateness_ms: int,
        future_tolerance_ms: int = DAY_MS,
        customers: Mapping[str, Customer] | None = None,
        settings: JobSettings | None = None,
    ) -> list[Answer]:
        """Run a stream over empty state; return an answer for each transaction.

        All state goes through its serializer after every third arrival. ``customers`` are the metadata by id,
        unless ``settings`` name other ones.
        """
        no_clock = KernelOptions(future_tolerance_ms=-1, writes_files=settings is None)
        given = settings or JobSettings(source=None, customer_metadata=self._file_of(customers or {}))
        config = job_config(given, catalogue, no_clock, model_version="none")
        config |= {
            "allowed_lateness_ms": allowed_lateness_ms,
            "retention_tolerance_ms": future_tolerance_ms,
        }
        self._ask(b"C" + json.dumps(config).encode())
        answers = []
        for place, arrival in enumerate(arrivals):
            if isinstance(arrival, Label):
                assert self._ask(b"L" + arrival.to_json()) == b"label"
            else:
                answers.append(_answer(self._ask(b"T" + arrival.to_json())))
            if place % 3 == 0:
                self._ask(b"S")
        return answers

    def _file_of(self, customers: Mapping[str, Customer]) -> str:
        self._customers.write_bytes(
            b"".join(
                orjson.dumps({"customer_id": id_, **each.texts()}) + b"\n" for id_, each in customers.items()
            )
        )
        return str(self._customers)

    def _ask(self, line: bytes) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().rstrip(b"\n")
        assert answer, f"the probe ended over {line!r}"
        return answer


def _answer(line: bytes) -> Answer:
    outcome, _, rest = line.partition(b" ")
    if outcome != b"new":
        return Answer(outcome.decode(), {}, {})
    numbers, _, record = rest.partition(b" ")
    features = orjson.loads(record)
    for name in RESERVED_NAMES:
        del features[name]
    version = features.pop(METADATA_VERSION, None)
    out_of_reach = tuple(features.pop(OUT_OF_REACH, ()))
    ordinals = dict(zip(ENTITIES, map(int, numbers.split(b",")), strict=True))
    numbered: dict[str, int] = {entity: number for entity, number in ordinals.items() if number}
    return Answer("new", features, numbered, out_of_reach, version)


@contextmanager
def running_probe() -> Iterator[KernelProbe]:
    """Run a probe for the duration of the block."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(probe_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        try:
            yield KernelProbe(process, Path(folder) / "customers.jsonl")
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(10)
