"""Repair of dead letters: patch, mark and validate a record before it is redriven. Pure."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonpatch
import jsonpointer
import orjson

from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import RefusedRecordError, transaction_values

MARK: Final = "redriven_from"
"""Field of a redriven record that holds its letter's origin. The job ignores fields that it does not know,
so the mark changes no feature and no score."""
AGGREGATION: Final = "aggregation"
"""Reason of the letter of a record that stands for any number of transactions. A patch could make one of it,
which would pass for all of them."""
PATCH_FAULTS: Final = (
    jsonpatch.JsonPatchException,
    jsonpointer.JsonPointerException,
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
)
"""Exceptions that jsonpatch raises for a patch that is invalid or does not fit the document: the library's
own two, and Python's."""


class RepairError(ValueError):
    """A record can't be redriven. The message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class RepairedRecord:
    """A record to send, with its account's id as the partition key."""

    data: bytes
    partition_key: str


class Patch:
    """A JSON patch (RFC 6902); ``text`` is its JSON. Raises `RepairError` if it is invalid."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._operations = jsonpatch.JsonPatch(orjson.loads(text))
        except PATCH_FAULTS as error:
            msg = f"not a JSON patch: {error}; give a list of operations as in RFC 6902"
            raise RepairError(msg) from error

    @classmethod
    def load(cls, path: Path) -> "Patch":
        """Read a patch from a file; raises `RepairError` if it can't be read or is invalid."""
        try:
            return cls(path.read_text())
        except (OSError, UnicodeDecodeError) as error:
            msg = f"the patch {path} can't be read: {error}; give a UTF-8 text file"
            raise RepairError(msg) from error

    def apply(self, document: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return the patched document; raises `RepairError` if the patch does not fit it."""
        try:
            return self._operations.apply(document)
        except PATCH_FAULTS as error:
            msg = f"the patch does not fit this record: {error or type(error).__name__}"
            raise RepairError(msg) from error


def repair(
    letter: DeadLetter, patch: Patch | None, stream_name: str, max_record_bytes: int
) -> RepairedRecord:
    """Return the repaired record of a letter for ``stream_name``: patched, marked and on one line.

    Bytes that are not JSON are treated as null, so a patch of the whole document (path ``""``) can repair
    them. Raises `RepairError` if the letter is truncated or of an aggregated record, the patch does not fit,
    or the job would refuse the record again.
    """
    if letter.is_summary:
        msg = (
            f"the letter sums up {letter.count:,} refused records and has none of them: get the stream "
            "records again by shard and sequence number, which `alerts dead list --json` shows"
        )
        raise RepairError(msg)
    if letter.reason == AGGREGATION:
        msg = (
            "the letter has a record that the Kinesis Producer Library aggregated from several and that "
            "can't be taken apart. No patch can repair it: have its producer send its transactions again"
        )
        raise RepairError(msg)
    if letter.truncated:
        msg = (
            f"the letter is truncated: it has only the start of the record's {letter.size_bytes:,} bytes; "
            "fetch the stream record by its shard and sequence number, or get the full record from its sender"
        )
        raise RepairError(msg)
    document = _document(letter.raw_bytes)
    if patch is not None:
        document = patch.apply(document)
    problem = problem_with(_encoded(document))
    if problem is not None:
        msg = f"{problem}; repair it with --patch"
        raise RepairError(msg)
    data = _encoded(document | {MARK: letter.origin(stream_name)})
    if len(data) > max_record_bytes:
        limit = f"the job accepts {max_record_bytes:,}"
        msg = f"the record has {len(data):,} bytes, {limit}; shorten it with --patch"
        raise RepairError(msg)
    return RepairedRecord(data, document["account_id"])


def problem_with(data: bytes) -> str | None:
    """Return why the job would refuse a record; None if it accepts it.

    The job checks more, using state that only it has. A record that it refuses again becomes a new dead
    letter.
    """
    try:
        transaction_values(data, sys.maxsize)
    except RefusedRecordError as refused:
        return str(refused)
    return None


def _document(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json_object(raw)
    except JsonError:
        return None


def _encoded(document: object) -> bytes:
    """Return a document as JSON on one line; half of a surrogate pair, which UTF-8 lacks, stays an escape."""
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        msg = f"the record can't be written as JSON: {error}; repair it with --patch"
        raise RepairError(msg) from error
