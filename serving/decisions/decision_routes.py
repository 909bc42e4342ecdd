"""Routes of the decision API: ``/v1/decisions``, ``/api/check-fraud`` and ``/predict``."""

import time
from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response

from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.online.answer_formats import Language, check_answer, decision_answer, prediction_answer
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.online.submitted_transactions import SimpleTransaction, completed, new_transaction_id
from fraudstream.web.guarded_routes import RequestRoute, guarded_router, json_only
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.problem_openapi import refusals
from fraudstream.web.scopes import caller_of, check_scopes
from serving.decisions.decision_documents import (
    CHECK_ANSWER,
    PREDICTION_ANSWER,
    answered,
    decision_body,
    decision_response,
)
from serving.decisions.decision_service import Decided, DecisionService
from serving.gateway.gateway_results import queue_full
from serving.gateway.gateway_routes import WRITE_TRANSACTIONS
from serving.gateway.record_batcher import PutOutcome, QueueFullError, Written
from serving.gateway.submitted_bodies import JSON_TYPE, BodyError, divided

READ_DECISIONS: Final = "decisions:read"
RATE_HEADER: Final = "USD-VND-Rate"
MAX_ERRORS: Final = 20


def decision_router(problems: ProblemFormat, service: DecisionService) -> APIRouter:
    """Return the routes that decide on transactions."""
    router = guarded_router(problems, READ_DECISIONS)
    direct = guarded_router(problems, READ_DECISIONS, route_class=RequestRoute)
    statuses = refusals(problems, 400, 415, 503)

    @direct.post(
        "/v1/decisions",
        summary="Decide on transactions",
        responses={200: decision_response(), **statuses},
        openapi_extra={"requestBody": decision_body()},
    )
    async def decisions(
        request: Request, *, features: bool = False, reasons: bool = True, record: bool = False
    ) -> Response:
        """Decide on one transaction, or up to 500, with the features of the stream; changes nothing.

        A missing `transaction_id` or `event_time` is generated. `features` adds the feature vector, and
        `record` also puts the transactions onto the stream, which needs the scope `transactions:write`.
        """
        if record:
            check_scopes(request, [WRITE_TRANSACTIONS])
        bodies = _divided(request, await request.body())
        now_ms = service.now_ms()
        submitted = [completed(body, now_ms, new_transaction_id) for body in bodies]
        decided = await service.decide(submitted, with_reasons=reasons, with_features=features)
        is_array = (await request.body()).lstrip().startswith(b"[")
        _refuse_if_none(decided, is_array=is_array)
        outcomes = await _recorded(service, decided) if record else []
        service.publish(decided, caller_of(request).name)
        answers = _answers(decided, outcomes)
        return _json({"decisions": answers} if is_array else answers[0])

    @router.post(
        "/api/check-fraud",
        summary="Check a transaction in the short form",
        dependencies=[Depends(json_only)],
        responses={200: answered("The decision in the short form", CHECK_ANSWER), **statuses},
    )
    async def check_fraud(
        request: Request, transaction: SimpleTransaction, lang: Language = "en"
    ) -> Response:
        """Return score, risk level and factors; `user_id` is the account, `amount` is in dollars."""
        began_s = time.perf_counter()
        decision, headers = await _simple(service, request, transaction)
        return _json(check_answer(decision, lang, _elapsed_ms(began_s)), headers)

    @router.post(
        "/predict",
        summary="Predict whether a transaction is an anomaly",
        dependencies=[Depends(json_only)],
        responses={200: answered("The prediction", PREDICTION_ANSWER), **statuses},
    )
    async def predict(request: Request, transaction: SimpleTransaction, lang: Language = "en") -> Response:
        """Return score, type, confidence and explanation of a transaction in the short form."""
        began_s = time.perf_counter()
        decision, headers = await _simple(service, request, transaction)
        return _json(prediction_answer(decision, lang, _elapsed_ms(began_s)), headers)

    router.include_router(direct)
    return router


async def _simple(
    service: DecisionService, request: Request, transaction: SimpleTransaction
) -> tuple[OnlineDecision, dict[str, str]]:
    """Return the decision on a transaction in the short form; raises a `Problem` if it has no score."""
    settings = service.settings
    submitted = transaction.record(service.now_ms(), new_transaction_id, settings.usd_vnd_rate)
    decided = await service.decide([submitted])
    _refuse_if_none(decided, is_array=False)
    result = decided[0].result
    assert isinstance(result, OnlineDecision)  # noqa: S101 - the others have raised
    if result.score is None:
        raise _unscored(result)
    service.publish(decided, caller_of(request).name)
    if transaction.currency != "USD":
        return result, {}
    return result, {RATE_HEADER: f"{settings.usd_vnd_rate:g}; date={settings.usd_vnd_rate_date.isoformat()}"}


def _unscored(decision: OnlineDecision) -> Problem:
    field = {"late": "timestamp", "conflicting_duplicate": "transaction_id"}.get(decision.outcome)
    if field is None:
        return Problem(503, f"no score: {decision.error}; try again later", {"Retry-After": "5"})
    value = decision.transaction.transaction_id
    errors = [{"field": field, "value": value, "remedy": str(decision.error)}]
    return Problem(422, f"{field} of {value!r}: {decision.error}", members={"errors": errors})


def _divided(request: Request, body: bytes) -> list[bytes]:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != JSON_TYPE:
        raise Problem(415, "send the body as JSON, with Content-Type: application/json")
    try:
        return divided(body, media_type)
    except BodyError as error:
        errors = [{"field": "body", "value": error.value, "remedy": str(error)}]
        raise Problem(422, f"body={error.value!r}: {error}", members={"errors": errors}) from None


def _refuse_if_none(decided: Sequence[Decided], *, is_array: bool) -> None:
    """Raise a `Problem` with the status 422 if the job would refuse all of the transactions."""
    refused = [each.result for each in decided if isinstance(each.result, RefusedRecordError)]
    if len(refused) < len(decided):
        return
    errors = [
        {
            "field": f"{place}.{error.field}" if is_array else error.field,
            "value": error.value,
            "remedy": error.remedy,
        }
        for place, error in enumerate(refused[:MAX_ERRORS])
    ]
    detail = "; ".join(f"{each['field']}={each['value']!r}: {each['remedy']}" for each in errors)
    raise Problem(422, detail, members={"errors": errors, "reasons": [each.reason for each in refused]})


async def _recorded(service: DecisionService, decided: Sequence[Decided]) -> list[PutOutcome]:
    try:
        return await service.record(decided)
    except QueueFullError:
        raise queue_full() from None


def _answers(decided: Sequence[Decided], outcomes: Sequence[PutOutcome]) -> list[dict[str, Any]]:
    """Return an answer for each transaction; ``outcomes`` are those of the ones that were recorded."""
    recorded = iter(outcomes)
    answers = []
    for submitted, result in decided:
        if isinstance(result, RefusedRecordError):
            problem = {
                "reason": result.reason,
                "field": result.field,
                "value": result.value,
                "remedy": result.remedy,
            }
            answers.append({"problem": problem})
            continue
        answer = decision_answer(result, submitted.generated)
        if outcomes:
            outcome = next(recorded)
            answer["recorded"] = outcome._asdict() | {"result": _result(outcome)}
        answers.append(answer)
    return answers


def _result(outcome: PutOutcome) -> str:
    return "accepted" if isinstance(outcome, Written) else "failed"


def _elapsed_ms(began_s: float) -> float:
    return (time.perf_counter() - began_s) * 1000


def _json(answer: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(answer), 200, headers, JSON_TYPE)
