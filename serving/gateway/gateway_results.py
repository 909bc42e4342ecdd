"""Answers of the gateway: the result of each record, and the status that sums them up."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from fastapi import Response

from fraudstream.web.problem_details import Problem
from serving.gateway.record_admission import Admission, RecordIds, RefusedSubmission
from serving.gateway.record_batcher import NotWritten, PutOutcome, Written

ACCEPTED_STATUS: Final = 202
RETRY_AFTER_S: Final = 5
QUEUE_RETRY_AFTER_S: Final = 1
MAX_ERRORS: Final = 20
"""Maximum number of a problem's ``errors``; its ``results`` have all."""
REPEATS_ARE_IGNORED: Final = "the job ignores what arrives twice"
AGAIN: Final = f"send it again; {REPEATS_ARE_IGNORED}"
IN_DOUBT: Final = "it may be in the stream: " + AGAIN
NOT_SENT: Final = "it is not in the stream: " + AGAIN


class IngestionAnswer(NamedTuple):
    """Status and JSON body of an answer that says what became of each record."""

    status: int
    body: bytes

    def response(self, headers: dict[str, str] | None = None) -> Response:
        """Return the HTTP response."""
        return Response(self.body, self.status, headers, "application/json")


def accepted(admissions: Sequence[Admission], outcomes: Sequence[PutOutcome]) -> IngestionAnswer:
    """Return the answer to a request of which every admitted record was written, and at least one was.

    ``outcomes`` has those of the admitted records, in order. Raises the `Problem` otherwise: 422 if all
    were refused, 503 if the stream did not confirm one.
    """
    results = _results(admissions, outcomes)
    counts = {
        kind: sum(each["result"] == kind for each in results) for kind in ("accepted", "refused", "failed")
    }
    if counts["failed"]:
        raise _unconfirmed(results, counts)
    if not counts["accepted"]:
        raise _all_refused(admissions, results, counts)
    return IngestionAnswer(ACCEPTED_STATUS, orjson.dumps(counts | {"results": results}))


def queue_full() -> Problem:
    """Return the problem of a request that found no room in the queue: nothing of it was sent."""
    detail = f"the queue for the stream is full and nothing was sent: try again in {QUEUE_RETRY_AFTER_S} s"
    return Problem(503, detail, {"Retry-After": str(QUEUE_RETRY_AFTER_S)})


def _results(admissions: Sequence[Admission], outcomes: Sequence[PutOutcome]) -> list[dict[str, Any]]:
    remaining = iter(outcomes)
    return [
        _refused(place, each)
        if isinstance(each, RefusedSubmission)
        else _sent(place, each.ids, next(remaining))
        for place, each in enumerate(admissions)
    ]


def _refused(place: int, refused: RefusedSubmission) -> dict[str, Any]:
    problem = {
        "reason": refused.reason,
        "field": refused.field,
        "value": refused.value,
        "remedy": refused.remedy,
    }
    return {"index": place, "result": "refused"} | refused.ids._asdict() | {"problem": problem}


def _sent(place: int, ids: RecordIds, outcome: PutOutcome) -> dict[str, Any]:
    if isinstance(outcome, Written):
        return {"index": place, "result": "accepted"} | ids._asdict() | outcome._asdict()
    return {"index": place, "result": "failed"} | ids._asdict() | _failure(outcome)


def _failure(outcome: NotWritten) -> dict[str, Any]:
    remedy = IN_DOUBT if outcome.is_in_doubt else NOT_SENT
    return {"error_code": outcome.error_code, "is_in_doubt": outcome.is_in_doubt, "remedy": remedy}


def _unconfirmed(results: list[dict[str, Any]], counts: dict[str, int]) -> Problem:
    in_doubt = sum(each.get("is_in_doubt", False) for each in results)
    detail = (
        f"the stream did not confirm {counts['failed']} of {len(results)} records, of which {in_doubt} may "
        f"be in it: send the request again after {RETRY_AFTER_S} s; {REPEATS_ARE_IGNORED}"
    )
    return Problem(503, detail, {"Retry-After": str(RETRY_AFTER_S)}, counts | {"results": results})


def _all_refused(
    admissions: Sequence[Admission], results: list[dict[str, Any]], counts: dict[str, int]
) -> Problem:
    errors = [
        {"field": _path(place, each, len(results)), "value": each.value, "remedy": each.remedy}
        for place, each in enumerate(admissions)
        if isinstance(each, RefusedSubmission)
    ]
    shown = errors[:MAX_ERRORS]
    detail = "; ".join(f"{each['field']}={each['value']!r}: {each['remedy']}" for each in shown)
    if len(errors) > MAX_ERRORS:
        detail += f"; and {len(errors) - MAX_ERRORS} more, see results"
    return Problem(422, detail, members=counts | {"errors": shown, "results": results})


def _path(place: int, refused: RefusedSubmission, records: int) -> str:
    return refused.field if records == 1 else f"{place}.{refused.field}"
