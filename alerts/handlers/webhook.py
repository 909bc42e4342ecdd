"""Handler that posts alerts to a webhook, one signed request per alert."""

import contextlib
import email.utils
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from alerts.handlers.handler_protocol import HandlerOutcome, Refusal
from alerts.handlers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from alerts.lines import printable
from alerts.messages import Handover

TIMEOUT_S: Final = 10.0
"""Timeout of each phase: connect, send and response. All phases and a pause fit into a claim's lease."""
ID_HEADER: Final = "Idempotency-Key"
"""Header of the alert's id, named by IETF draft-ietf-httpapi-idempotency-key-header. Its value is
percent-encoded because an id may have any characters; the job's ids have hexadecimal digits only."""
REPLAY_HEADER: Final = "X-Fraudstream-Replay"
RETRIED_STATUSES: Final = frozenset({408, 425, 429})
"""Client errors after which the request is retried (RFC 9110, RFC 8470, RFC 6585)."""
FIRST_SERVER_ERROR: Final = 500
SHOWN_ANSWER_BYTES: Final = 200
READ_ANSWER_BYTES: Final = 4_096
"""Maximum length of a response that is read. A response read to its end leaves the connection open for the
next request."""
MAX_RETRY_AFTER_S: Final = 30.0


class WebhookHandler:
    """Post each alert's JSON to ``url`` with a signature, a timestamp and the alert's id in the headers.

    A 2xx response means handled. 408, 425, 429, 5xx and a missing response are retried. Any other response
    refuses the alert permanently. Redirects are not followed: the signature is meant for the configured URL.
    ``now_s`` is the wall clock.
    """

    batch_size = 1

    def __init__(self, url: str, secret: SecretStr, *, now_s: Callable[[], float]) -> None:
        self._url = url
        self._secret = secret
        self._now_s = now_s
        self._client = httpx.Client(timeout=TIMEOUT_S, headers={"User-Agent": "fraudstream"})

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Post the one alert of the batch."""
        (each,) = batch
        headers = self._headers(each)
        try:
            with self._client.stream("POST", self._url, content=each.body, headers=headers) as response:
                return self._outcome(each, response, _start_of(response))
        except httpx.HTTPError as error:
            return HandlerOutcome(again=batch, problem=f"no response: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _headers(self, each: Handover) -> dict[str, str]:
        timestamp_s = int(self._now_s())
        secret = self._secret.get_secret_value().encode()
        headers = {
            "Content-Type": "application/json",
            ID_HEADER: quote(each.alert.alert_id, safe=""),
            TIMESTAMP_HEADER: str(timestamp_s),
            SIGNATURE_HEADER: signature(secret, timestamp_s, each.body),
        }
        return headers | {REPLAY_HEADER: "true"} if each.is_replay else headers

    def _outcome(self, each: Handover, response: httpx.Response, answer: str) -> HandlerOutcome:
        status = response.status_code
        said = f"answered {status}" + (f": {answer}" if answer else "")
        if response.is_success:
            return HandlerOutcome()
        if status >= FIRST_SERVER_ERROR or status in RETRIED_STATUSES:
            wait_s = retry_after_s(response.headers.get("Retry-After"), self._now_s())
            return HandlerOutcome(again=(each,), problem=said, retry_after_s=wait_s)
        return HandlerOutcome(refused=(Refusal(each, said),))


def retry_after_s(header: str | None, now_s: float) -> float:
    """Return the wait in seconds of a ``Retry-After`` header, given as a number or a date.

    At most `MAX_RETRY_AFTER_S`; 0 without a header or for an invalid date.
    """
    if header is None:
        return 0.0
    if header.isascii() and header.isdigit():
        asked_s = float(header)
    else:
        try:
            time = email.utils.parsedate_to_datetime(header)
        except ValueError:
            return 0.0
        asked_s = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() - now_s
    return min(MAX_RETRY_AFTER_S, max(0.0, asked_s))


def _start_of(response: httpx.Response) -> str:
    read = b""
    # The status is already known, so an interrupted body does not change the outcome.
    with contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_bytes():
            read += chunk
            if len(read) >= READ_ANSWER_BYTES:
                break
    return printable(read[:SHOWN_ANSWER_BYTES].decode(errors="replace").strip())
