"""From a dead letter to a record that the job may take: patched, marked, checked. Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonpatch
import jsonpointer
import orjson

from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import parse_time_ms

MARK: Final = "redriven_from"
"""The field that a redriven record carries: its letter's origin. The job passes over fields that it does not
know, so it changes no feature and no score."""
MAX_ID_CHARACTERS: Final = 256
"""Of the ids that a transaction must have; the job refuses longer ones."""
REQUIRED_IDS: Final = ("transaction_id", "account_id")
AMOUNT: Final = "transaction_amount_vnd"
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
"""What the library raises over patches and documents that do not go together, its own two and Python's."""


class RepairError(ValueError):
    """A letter whose record can't be sent again as things stand; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class RepairedRecord:
    """A record to send, and the partition key that takes it to its account's shard."""

    data: bytes
    partition_key: str


class Patch:
    """A JSON patch (RFC 6902); ``text`` is its JSON. Raises `RepairError` if it is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._operations = jsonpatch.JsonPatch(orjson.loads(text))
        except PATCH_FAULTS as error:
            msg = f"this is no JSON patch: {error}; write a list of operations as RFC 6902 has them"
            raise RepairError(msg) from error

    @classmethod
    def load(cls, path: Path) -> "Patch":
        """Read a patch from a file; raises `RepairError` if that can't be done."""
        try:
            return cls(path.read_text())
        except (OSError, UnicodeDecodeError) as error:
            msg = f"the patch {path} can't be read: {error}; give a file of UTF-8 text"
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
    """Return the record to send to ``stream_name`` in place of the letter's: patched, marked and on one line.

    Bytes that are no JSON count as null, so a patch of the whole (path ``""``) repairs them too. Raises
    `RepairError` for a truncated letter, a patch that does not fit, and what the job would refuse again.
    """
    if letter.truncated:
        msg = (
            f"the letter holds only the beginning of its {letter.size_bytes:,} bytes, the rest is lost, "
            "so it can't be sent again: ask its sender for it"
        )
        raise RepairError(msg)
    document = _document(letter.raw_bytes)
    if patch is not None:
        document = patch.apply(document)
    problem = problem_with(document)
    if problem is not None:
        msg = f"{problem}; repair it with --patch"
        raise RepairError(msg)
    data = _encoded(document | {MARK: letter.origin(stream_name)})
    if len(data) > max_record_bytes:
        msg = (
            f"the record has {len(data):,} bytes, the job takes {max_record_bytes:,}: shorten it with --patch"
        )
        raise RepairError(msg)
    return RepairedRecord(data, document["account_id"])


def problem_with(document: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Say what makes this no transaction: the four fields that each must have. None if they are there.

    The job checks more, with state that only it has; what it refuses again becomes a dead letter again.
    """
    if not isinstance(document, dict):
        return "its bytes are no JSON object"
    for name in REQUIRED_IDS:
        value = document.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_CHARACTERS:
            return f"{name} is {_shown(value)}: it must be a string of 1 to {MAX_ID_CHARACTERS} characters"
    return _problem_with_time(document.get("event_time")) or _problem_with_amount(document.get(AMOUNT))


def _problem_with_time(value: object) -> str | None:
    try:
        parse_time_ms(value if isinstance(value, str) else "")
    except ValueError:
        return f"event_time is {_shown(value)}: it must be RFC 3339 with an offset"
    return None


def _problem_with_amount(value: object) -> str | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return None if is_number and value > 0 else f"{AMOUNT} is {_shown(value)}: it must be a number above 0"  # type: ignore[operator] # a number


def _document(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _encoded(document: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError as error:
        msg = f"the record can't be written as JSON: {error}; repair it with --patch"
        raise RepairError(msg) from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - enough to recognise it by
