"""Index of a file of scored transactions: ordinals in memory, full records read from disk on demand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.domain.catalogue import ENTITIES, Catalogue
from fraudstream.domain.transaction import TransactionKey

FIELDS: Final = (
    "transaction_id",
    "account_id",
    "outcome",
    "ordinals",
    "features",
    "score",
    "model_version",
    "catalogue_version",
)
"""Fields of a scored record that a comparison reads."""
REMEDY: Final = (
    "give scored records as JSON lines: the job's --scores-out, or "
    "`python -m streams archive FILE --stream Scored`"
)


@dataclass(slots=True)
class ScoredFile:
    """Index of a file: byte offset and ordinals of the last record of each new transaction.

    Full records stay on disk: a million of them would not fit into memory.
    """

    path: Path
    offsets: dict[TransactionKey, int]
    ordinals: dict[TransactionKey, dict[str, int]]
    catalogue_versions: set[str]

    @contextmanager
    def opened(self) -> Iterator[Callable[[TransactionKey], dict[str, Any]]]:
        """Open the file and yield a function that returns the record of a transaction."""
        with self.path.open("rb") as file:

            def record(transaction: TransactionKey) -> dict[str, Any]:
                file.seek(self.offsets[transaction])
                found: dict[str, Any] = orjson.loads(file.readline())
                return found

            yield record


def index(path: Path, file: IO[bytes]) -> ScoredFile:
    """Index a file of scored transactions in one pass.

    Records with the outcome ``duplicate`` are left out because they have no features. Of several records of a
    transaction the last one counts: a restored job writes some twice. Raises `ArchiveError` for a line that
    is not a scored record.
    """
    scored = ScoredFile(path, {}, {}, set())
    offset = 0
    for number, line in enumerate(file, 1):
        if line.strip():
            _add(scored, _record(line, path, number), offset)
        offset += len(line)
    return scored


def _add(scored: ScoredFile, record: dict[str, Any], offset: int) -> None:
    if record["outcome"] != "new":
        return
    transaction = TransactionKey.of(record)
    scored.offsets[transaction] = offset
    scored.ordinals[transaction] = {each: n for each in ENTITIES if (n := record["ordinals"].get(each))}
    scored.catalogue_versions.add(record["catalogue_version"])


def _record(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
        missing = [name for name in FIELDS if name not in record]
    except (orjson.JSONDecodeError, TypeError) as error:
        msg = f"{path}, line {number}: not a JSON object ({error}); {REMEDY}"
        raise ArchiveError(msg) from None
    if missing or not isinstance(record, dict):
        msg = f"{path}, line {number}: not a scored record, missing {', '.join(missing or FIELDS)}; {REMEDY}"
        raise ArchiveError(msg)
    return record


def catalogue_of(files: Sequence[ScoredFile], known: Sequence[Catalogue]) -> Catalogue:
    """Return the known catalogue that all records were scored with.

    Raises `ArchiveError` if no known catalogue matches all records.
    """
    versions = set[str]().union(*(file.catalogue_versions for file in files))
    for catalogue in known:
        if versions <= {catalogue.version}:
            return catalogue
    msg = (
        f"the records have features of catalogue {', '.join(sorted(versions))}, expected "
        f"{' or '.join(each.version for each in known)}; compare runs of one catalogue, and "
        "give it as --catalogue"
    )
    raise ArchiveError(msg)
