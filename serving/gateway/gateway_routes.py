"""Routes of the ingestion gateway: ``POST /v1/transactions`` and ``POST /v1/labels``."""

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from fraudstream.web.guarded_routes import RequestRoute, guarded_router
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.problem_openapi import refusals
from fraudstream.web.scopes import caller_of, requires
from serving.gateway.gateway_documents import accepted_response, request_body
from serving.gateway.gateway_results import ACCEPTED_STATUS
from serving.gateway.idempotency_protocol import KEY_HEADER, MAX_KEY_CHARACTERS, REPLAYED_HEADER
from serving.gateway.ingestion_gateway import IngestionGateway, IngestionRequest
from serving.gateway.record_admission import RecordKind
from serving.gateway.submitted_bodies import JSON_TYPE, NDJSON_TYPE

WRITE_TRANSACTIONS: Final = "transactions:write"
WRITE_LABELS: Final = "labels:write"
_KEY: Final = re.compile(rf"[!-~]{{1,{MAX_KEY_CHARACTERS}}}")

_KEY_PARAMETER: Final = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": f"1 to {MAX_KEY_CHARACTERS} visible ASCII characters; a repeated request with the same "
    "key and body gets the same answer, without being sent again",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS, "pattern": "^[!-~]+$"},
}


def gateway_router(problems: ProblemFormat, gateway: IngestionGateway) -> APIRouter:
    """Return the routes that put transactions and labels onto their streams."""
    router = guarded_router(problems, route_class=RequestRoute)
    responses = {ACCEPTED_STATUS: accepted_response(), **refusals(problems, 403, 409, 415, 503)}

    @router.post(
        "/v1/transactions",
        summary="Put transactions onto the stream",
        status_code=ACCEPTED_STATUS,
        dependencies=[requires(WRITE_TRANSACTIONS)],
        responses=responses,
        openapi_extra={"requestBody": request_body("transaction"), "parameters": [_KEY_PARAMETER]},
    )
    async def transactions(request: Request) -> Response:
        """Accept one transaction or up to 500, as the job's parser does, with a result for each."""
        return await _ingested(gateway, "transaction", request)

    @router.post(
        "/v1/labels",
        summary="Put labels onto the stream",
        status_code=ACCEPTED_STATUS,
        dependencies=[requires(WRITE_LABELS)],
        responses=responses,
        openapi_extra={"requestBody": request_body("label"), "parameters": [_KEY_PARAMETER]},
    )
    async def labels(request: Request) -> Response:
        """Accept one label or up to 500, as the job's parser does, with a result for each."""
        return await _ingested(gateway, "label", request)

    return router


async def _ingested(gateway: IngestionGateway, kind: RecordKind, request: Request) -> Response:
    idempotency_key = request.headers.get(KEY_HEADER)
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in {JSON_TYPE, NDJSON_TYPE}:
        detail = f"send the records with Content-Type: {JSON_TYPE}, or {NDJSON_TYPE} for lines"
        raise Problem(415, detail)
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        remedy = f"give 1 to {MAX_KEY_CHARACTERS} visible ASCII characters"
        value = idempotency_key[:MAX_KEY_CHARACTERS]
        errors = [{"field": KEY_HEADER, "value": value, "remedy": remedy}]
        raise Problem(422, f"{KEY_HEADER}={value!r}: {remedy}", members={"errors": errors})
    body = await request.body()
    caller = caller_of(request).name
    answer, is_replay = await gateway.ingest(
        IngestionRequest(kind, body, media_type, caller, idempotency_key)
    )
    return answer.response({REPLAYED_HEADER: "true"} if is_replay else None)
