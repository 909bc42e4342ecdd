"""Admission of submitted records: the rules of the job's parser, and those of a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from fraudstream.domain.json_objects import JsonError, json_object
from fraudstream.domain.record_gate import (
    MAX_TEXT_UNITS,
    RefusedRecordError,
    check_arrival,
    label_values,
    transaction_values,
)
from fraudstream.streams.kinesis.kinesis_writer import MAX_RECORD_BYTES
from fraudstream.streams.protocols import Record

DUPLICATE: Final = "duplicate_in_batch"
RecordKind = Literal["transaction", "label"]


class RecordIds(NamedTuple):
    """The ids of a record, as far as it has readable ones."""

    transaction_id: str | None
    account_id: str | None


class Admitted(NamedTuple):
    """A record for the stream, its bytes as they were sent; ``identity`` is unique within a batch."""

    ids: RecordIds
    record: Record
    identity: tuple[object, ...]


class RefusedSubmission(NamedTuple):
    """A record that the job would refuse: its reason, and the field, value and remedy."""

    ids: RecordIds
    reason: str
    field: str
    value: str
    remedy: str


Admission = Admitted | RefusedSubmission


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """The limits of the job that reads the stream: of the size, and of times ahead of the clock."""

    max_record_bytes: int
    future_tolerance_ms: int
    now_ms: Callable[[], int]

    def admit(self, kind: RecordKind, records: Sequence[bytes]) -> list[Admission]:
        """Return the admission of each record of a request, in order.

        A transaction that the request has twice is refused the second time; so is a label, unless it became
        available at another time.
        """
        read = self._transaction if kind == "transaction" else self._label
        admissions: list[Admission] = []
        first: dict[tuple[object, ...], int] = {}
        for place, data in enumerate(records):
            admission = self._admission(read, data)
            if isinstance(admission, Admitted) and first.setdefault(admission.identity, place) != place:
                admission = _duplicate(admission, first[admission.identity])
            admissions.append(admission)
        return admissions

    def _admission(self, read: Callable[[bytes], Admitted], data: bytes) -> Admission:
        try:
            admitted = read(data)
            _check_size(admitted.record.size_bytes)
        except RefusedRecordError as refused:
            return RefusedSubmission(_ids(data), refused.reason, refused.field, refused.value, refused.remedy)
        return admitted

    def _transaction(self, data: bytes) -> Admitted:
        values = transaction_values(data, self.max_record_bytes)
        check_arrival(values["event_time"], self.now_ms(), self.future_tolerance_ms)
        ids = RecordIds(values["transaction_id"], values["account_id"])
        return Admitted(ids, Record(data, values["account_id"]), ids)

    def _label(self, data: bytes) -> Admitted:
        values = label_values(data, self.max_record_bytes)
        ids = RecordIds(values["transaction_id"], values["account_id"])
        return Admitted(ids, Record(data, values["account_id"]), (*ids, values["available_at"]))


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_RECORD_BYTES:
        reason = "oversize"
        detail = f"record and key of {size_bytes} bytes; at most {MAX_RECORD_BYTES} are allowed"
        raise RefusedRecordError(reason, detail, value=f"{size_bytes} bytes")


def _duplicate(admitted: Admitted, place: int) -> RefusedSubmission:
    remedy = f"send it once: record {place} of this request has the same ids"
    return RefusedSubmission(
        admitted.ids, DUPLICATE, "transaction_id", str(admitted.ids.transaction_id), remedy
    )


def _ids(data: bytes) -> RecordIds:
    """Return the ids of a refused record that are texts which an answer can repeat."""
    try:
        fields = json_object(data)
    except JsonError:
        return RecordIds(None, None)
    return RecordIds(*(_repeatable(fields.get(name)) for name in RecordIds._fields))


def _repeatable(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_TEXT_UNITS:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value
