"""Events of Kinesis as AWS's documentation shows one, with records of a test."""

import base64
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "kinesis_event.json"


def documented_event() -> dict[str, Any]:
    """Return the example in AWS's developer guide of Lambda, "Process records from Kinesis"."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def event_of(*records: bytes) -> dict[str, Any]:
    """Return an event like the documented one; the sequence numbers are ``sequence_number(0)`` and so on."""
    (first, *_others) = documented_event()["Records"]
    return {
        "Records": [
            first
            | {
                "eventID": f"shardId-000000000006:{sequence_number(number)}",
                "kinesis": first["kinesis"]
                | {
                    "data": base64.b64encode(data).decode(),
                    "sequenceNumber": sequence_number(number),
                    "approximateArrivalTimestamp": 1_767_290_646.5 + number,
                },
            }
            for number, data in enumerate(records)
        ]
    }


def sequence_number(number: int) -> str:
    return f"4959033827149025660855969253836157109592157598913658{number:04}"
