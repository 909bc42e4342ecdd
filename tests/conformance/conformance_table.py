"""The table of records that every reader accepts or refuses alike."""

import re
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

TABLE: Final = Path(__file__).with_name("records.tsv")
REQUIRED: Final = {
    "transaction": '"transaction_id": "T1", "event_time": "2026-01-02T03:04:05.678Z", "account_id": "A1", '
    '"transaction_amount_vnd": 1000',
    "label": '"transaction_id": "T1", "event_time": "2026-01-02T03:04:05.678Z", "account_id": "A1", '
    '"available_at": "2026-01-09T00:00:00Z", "is_fraud": true',
}
ACCEPTED: Final = "accepted"


class Row(NamedTuple):
    """A record of the table; ``outcome`` is `ACCEPTED` or the reason of its dead letter."""

    kind: str
    outcome: str
    written: str
    data: bytes


def table(kind: str) -> list[Row]:
    """Return the rows of transactions or of labels."""
    lines = TABLE.read_text().splitlines()
    cells = [line.split("\t", 2) for line in lines if not line.startswith("#")]
    return [
        Row(kind, outcome, written, _record(kind, written)) for of, outcome, written in cells if of == kind
    ]


def _record(kind: str, written: str) -> bytes:
    text = written.replace("<required>", REQUIRED[kind])
    text = re.sub(r"<(\d+)\*(.)>", lambda found: found[2] * int(found[1]), text)
    return unquote_to_bytes(text)
