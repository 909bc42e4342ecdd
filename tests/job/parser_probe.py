"""Run the kernel's parsers in this process, over records of any bytes.

A separate process, because JPype's JVM can't be started twice, nor beside PyFlink's tests. Inputs are those
of `tests.probing`, of the kinds T for a transaction and L for a label. An answer has the ``fields`` of the
record, the reason why it is ``refused``, or the exception by which the kernel ``failed``.
"""

from typing import Any, Final

import jpype

from fraudstream.domain.catalogue import BUILT_IN_WITH_LABELS
from fraudstream.domain.transaction import COLUMN_KINDS, ID_FIELDS
from tests.job.core_probe import CORE_JAR
from tests.probing import serve

MAX_RECORD_BYTES: Final = 65_536
ARRIVAL_MS: Final = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z."""
FUTURE_TOLERANCE_MS: Final = 86_400_000


class Parsers:
    """Both parsers, and what a server does with their results."""

    def __init__(self) -> None:
        kernel = jpype.JPackage("fraudstream").kernel
        self._refused = kernel.record.RefusedException
        self._transactions = kernel.record.TransactionParser(MAX_RECORD_BYTES, FUTURE_TOLERANCE_MS)
        self._labels = kernel.record.LabelParser(MAX_RECORD_BYTES)
        self._columns = {name: kernel.record.Column.named(name) for name in COLUMN_KINDS}
        self._entities = {str(each.fieldName): int(each.ordinal()) for each in kernel.record.Entity.values()}
        self._online = kernel.OnlineFeatures(
            BUILT_IN_WITH_LABELS.to_json(),
            MAX_RECORD_BYTES,
            FUTURE_TOLERANCE_MS,
            0,
            FUTURE_TOLERANCE_MS,
            kernel.record.HashKey.BATCH,
        )
        self._profiles = [None] * len(self._online.entities())

    def answer(self, kind: str, record: bytes) -> dict[str, Any]:
        """Return the outcome of a record."""
        try:
            return {"fields": self._label(record) if kind == "L" else self._transaction(record)}
        except self._refused as refused:
            return {"refused": str(refused.refusal.reason), "message": str(refused.getMessage())}
        except jpype.JException as failure:
            return {"failed": str(failure)}

    def _transaction(self, record: bytes) -> dict[str, Any]:
        self._online.evaluate(self._online.transaction(record, ARRIVAL_MS), self._profiles)
        fields = self._transactions.parse(record, ARRIVAL_MS)
        return {name: self._value(fields, name, kind) for name, kind in COLUMN_KINDS.items()}

    def _value(self, fields: Any, name: str, kind: str) -> Any:  # noqa: ANN401 - JPype has no types
        column = self._columns[name]
        if fields.isNull(column):
            return None
        if kind == "text":
            return str(fields.text(column))
        return int(fields.timeMs) if kind == "time" else float(fields.number(column))

    def _label(self, record: bytes) -> dict[str, Any]:
        self._online.applyLabel(self._online.label(record), self._profiles)
        label = self._labels.parse(record)
        ids = {name: label.ids[self._entities[name]] for name in ID_FIELDS if name in self._entities}
        texts = ids | {"transaction_id": label.transactionId}
        return {name: None if text is None else str(text) for name, text in texts.items()} | {
            "event_time": int(label.timeMs),
            "available_at": int(label.availableAtMs),
            "is_fraud": int(label.isFraud),
        }


def main() -> None:
    """Answer every record of the input."""
    jpype.startJVM("-XX:TieredStopAtLevel=1", classpath=[str(CORE_JAR)])
    serve(Parsers().answer)


if __name__ == "__main__":
    main()
