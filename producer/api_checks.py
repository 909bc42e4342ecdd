"""Checks of the transaction API as a source: it responds, accepts the credentials, and sends transactions."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from fraudstream.streams.stream_errors import StreamError
from producer.checks import Check
from producer.client import ApiError, TransactionClient
from producer.source_api import ApiAccess, check_api, first_transaction

NOT_SET: Final = "TRANSACTION_API_URL is not set; only --source api needs it"


def api_checks(
    find_access: Callable[[], ApiAccess | None], connect: Callable[[ApiAccess], TransactionClient]
) -> Iterator[Check]:
    """Check the API that ``find_access`` returns; without one, the single check passes and says so.

    The checks end with the first one that fails. ``find_access`` may raise ``ValueError`` for an address or
    credentials that can't be used.
    """
    try:
        access = find_access()
    except ValueError as error:
        yield Check("api", "not usable", str(error))
        return
    if access is None:
        yield Check("api", NOT_SET)
        return
    with connect(access) as client:
        yield from _checks(access, client)


def _checks(access: ApiAccess, client: TransactionClient) -> Iterator[Check]:
    try:
        check_api(client, access.url)
    except StreamError as error:
        yield Check("api", _outcome(error), str(error))
        return
    yield Check("api", f"{access.url}, accepts {access.identity}")
    try:
        transaction = first_transaction(client, access.url)
    except StreamError as error:
        yield Check("api transaction", _outcome(error), str(error))
        return
    amount = f"{transaction.transaction_amount_vnd:,.0f} VND"
    yield Check("api transaction", f"{transaction.transaction_id}, {amount}")


def _outcome(error: StreamError) -> str:
    cause = error.__cause__
    if isinstance(cause, ApiError):
        return "invalid response" if cause.status == HTTPStatus.OK else f"refused ({cause.status})"
    return "no response"
