"""Read files of any bytes as archives, in a process of its own: native code could crash it.

Inputs: J a file of JSON lines, Z a compressed one, P a Parquet file. An answer has the number of ``records``,
the message by which an `ArchiveError` ``refused`` the file, or the exception by which reading ``failed``.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import read_lines, read_rows
from fraudstream.domain.transaction import COLUMN_KINDS, Label, Transaction
from tests.probing import Answer, serve

NAMES: Final[Mapping[str, str]] = {"J": "in.jsonl", "Z": "in.jsonl.gz", "P": "in.parquet"}


def answer(kind: str, data: bytes) -> Answer:
    """Return what becomes of a file, by every reader; all must succeed for an answer with records."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAMES[kind]
        path.write_bytes(data)
        answers = [_read(path, number) for number in range(4)]
    worst = [each for each in answers if "failed" in each] or [each for each in answers if "refused" in each]
    return worst[0] if worst else answers[0]


def _read(path: Path, number: int) -> Answer:
    readers = (
        lambda: sum(1 for _ in read_rows(path)),
        lambda: sum(1 for _ in read_lines(path, Transaction)),
        lambda: sum(1 for _ in read_lines(path, Label)),
        lambda: len(read_accepted(path, Transaction, tuple(COLUMN_KINDS)).table),
    )
    try:
        return {"records": readers[number]()}
    except ArchiveError as error:
        return {"refused": str(error)}
    except Exception as error:  # noqa: BLE001 - the answer says that there was one
        return {"failed": f"reader {number}: {type(error).__name__}: {error}"}


if __name__ == "__main__":
    serve(answer)
