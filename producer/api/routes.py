"""HTTP endpoints of the Transaction API."""

from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Query, Request, Response

from fraudstream.web.guarded_routes import guarded_router, json_only
from fraudstream.web.problem_openapi import refusals
from fraudstream.web.scopes import caller_of
from producer.api.api_settings import MAX_COUNT, MAX_FREQUENCY_S, MIN_FREQUENCY_S
from producer.api.flow import Pace
from producer.api.identity import PROBLEMS
from producer.api.record_format import transactions_json
from producer.api.schemas import (
    Config,
    ConfigChange,
    Information,
    Mode,
    Status,
    StreamToken,
    content,
)
from producer.api.service import STREAM_PATH, STREAM_TOKEN_PATH, Service
from producer.api.sse import EventStream

STREAM_EXAMPLE: Final = (
    "retry: 3000\n\n"
    'id: 4b1f0c5e9a7d2e38.1\ndata: {"count":1,"transactions":[{"transaction_id":"T1789000000000-0000002001",'
    '"account_id":"ACC_7_000412","transaction_amount_vnd":1250000.0}]}\n\n'
    ": heartbeat\n\n"
    'event: bye\ndata: {"reason":"the server is shutting down"}\n\n'
)

router = guarded_router(PROBLEMS)


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]
Enrich = Annotated[
    bool,
    Query(
        description="Add the frequency of five minutes, the hour and the flags that a producer adds to a "
        "transaction; counted over the enriched transactions of this process"
    ),
]


@router.get("/", summary="Information and status")
async def information(service: Here, request: Request) -> Information:
    """Return the API's name, whether the stream flows, and the endpoints."""
    return Information(
        name=request.app.title,
        data="synthetic",
        mode=service.mode,
        documentation="/docs",
        endpoints=_endpoints(request.app.openapi()),
    )


@router.get(
    "/transaction",
    summary="One transaction",
    response_class=Response,
    responses=content("Transaction", "A transaction with a current event time"),
)
async def transaction(service: Here, *, enrich: Enrich = False) -> Response:
    """Return one transaction with an event time of about now; deliberately without its fraud label."""
    (taken,) = await service.source.take(1)
    return Response(service.format(is_enriched=enrich)(taken), media_type="application/json")


@router.get(
    "/transactions/{count}",
    summary="Several transactions",
    response_class=Response,
    responses=content("Transactions", "Transactions with current event times, in order"),
)
async def transactions(
    service: Here, count: Annotated[int, Path(ge=1, le=MAX_COUNT, examples=[10])], *, enrich: Enrich = False
) -> Response:
    """Return ``count`` transactions, from 1 to 1,000, deliberately without their fraud labels."""
    taken = await service.source.take(count)
    body = transactions_json(taken, service.format(is_enriched=enrich))
    return Response(body, media_type="application/json")


@router.get(
    STREAM_PATH,
    summary="Transactions as server-sent events",
    status_code=200,
    response_class=EventStream,
    responses=refusals(PROBLEMS, 503)
    | {
        200: {
            "description": "Endless events",
            "content": {"text/event-stream": {"example": STREAM_EXAMPLE}},
        }
    },
)
async def stream(  # noqa: PLR0913 - the parameters of the query
    service: Here,
    *,
    frequency_seconds: Annotated[
        float | None,
        Query(
            ge=MIN_FREQUENCY_S,
            le=MAX_FREQUENCY_S,
            allow_inf_nan=False,
            description="Seconds between two events; default: the configured value",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        Query(ge=1, le=MAX_COUNT, description="Transactions per event; default: the configured value"),
    ] = None,
    enrich: Enrich = False,
    token: Annotated[
        str | None,
        Query(
            description=f"Token from POST {STREAM_TOKEN_PATH}, for a client that can't send a key in a header"
        ),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", max_length=100, description="Resume after the event with this id"),
    ] = None,
) -> EventStream:
    """Send events until the client disconnects; the stream need not be started.

    An unnamed event holds ``{count, transactions}``. ``gap`` says that events after Last-Event-ID are no
    longer kept; the stream then continues with the oldest event kept. ``dropped`` says why a client was
    dropped, ``bye`` that the stream ends and why; each is a client's last event. Comments keep the
    connection alive. Transactions come deliberately without their fraud labels.
    """
    del token  # the guard has checked it
    pace = None
    if frequency_seconds is not None or batch_size is not None:
        pace = Pace(
            frequency_seconds or service.pace.frequency_s,
            batch_size or service.pace.batch_size,
        )
    membership = service.hub.join(pace, last_event_id, is_enriched=enrich)
    settings = service.settings
    return EventStream(
        membership,
        heartbeat_s=settings.heartbeat_seconds,
        write_timeout_s=settings.write_timeout_seconds,
        longest_s=settings.stream_seconds,
    )


@router.post(STREAM_TOKEN_PATH, summary="A token for the stream")
async def stream_token(service: Here, request: Request) -> StreamToken:
    """Return a token for ``/stream?token=``, for clients that can't send a key, such as an EventSource.

    It can open streams, and nothing else, until it expires; an open stream continues after that.
    """
    token, lifetime_s = service.stream_tokens.issue(caller_of(request))
    return StreamToken(token=token, expires_in_seconds=lifetime_s)


@router.post("/start", summary="Resume the stream")
async def start(service: Here) -> Mode:
    """Resume the stream after ``/stop``; it is running when the server starts."""
    return service.switch(is_streaming=True)


@router.post("/stop", summary="Pause the stream")
async def stop(service: Here) -> Mode:
    """Pause the stream for all clients; they stay connected, and heartbeats continue."""
    return service.switch(is_streaming=False)


@router.get("/status", summary="Status and counts")
async def status(service: Here) -> Status:
    """Return the counts since the start of the process; without frauds, which would reveal labels."""
    return service.status()


@router.get("/config", summary="The configuration")
async def config(service: Here) -> Config:
    """Return the current configuration."""
    return service.config()


@router.post(
    "/config",
    summary="Change the configuration",
    dependencies=[Depends(json_only)],
    responses=refusals(PROBLEMS, 400, 415),
)
async def configure(service: Here, change: ConfigChange) -> Config:
    """Change the given values; answers with the whole configuration once they are in force.

    A new ``fraud_injection_rate`` opens a new bank, with new accounts and ids that were never used before.
    """
    return await service.configure(change)


def _endpoints(openapi: dict[str, Any]) -> dict[str, str]:
    return {
        f"{method.upper()} {path}": operation["summary"]
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    }
