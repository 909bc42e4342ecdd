"""Handler that posts alerts to a webhook, one signed request per alert."""

import email.utils
import socket
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from alerts.handlers.handler_protocol import HandlerOutcome, Refusal
from alerts.handlers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from alerts.messages import Handover
from fraudstream.runtime.bounded_calls import BoundedCalls
from fraudstream.runtime.loopback import is_loopback_url
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.runtime.terminal import printable

PHASE_TIMEOUT_S: Final = 10.0
"""Timeout of connecting, of each write and of each read."""
DEADLINE_S: Final = 15.0
"""Total deadline of a request, from the look-up of the name to the answer; shorter than a claim's lease."""
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
READ_ANSWER_S: Final = 2.0
"""Time after which the rest of a slow response is not read."""
MAX_RETRY_AFTER_S: Final = 30.0


class WebhookHandler:
    """Post each alert's JSON to ``url`` with a signature, a timestamp and the alert's id in the headers.

    A 2xx response means handled. 408, 425, 429, 5xx and a missing or malformed response are retried. Any
    other response refuses the alert permanently. Redirects are not followed: the signature is meant for the
    configured URL. Answers are never decompressed, and cookies never kept. ``now_s`` is the wall clock.
    """

    batch_size = 1

    def __init__(  # noqa: PLR0913 - independent options
        self,
        url: str,
        secret: SecretStr,
        *,
        now_s: Callable[[], float],
        calls: BoundedCalls | None = None,
        deadline_s: float = DEADLINE_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._secret = secret
        self._now_s = now_s
        self._calls = calls or BoundedCalls(StopSignal())
        self._deadline_s = deadline_s
        self._transport = transport
        self._connection = _Connection(url, transport)

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Post the one alert of the batch."""
        (each,) = batch
        headers = self._headers(each)
        connection = self._connection
        # Here, not in the request's thread, which may not start: the last response must not decide again.
        connection.response = None
        try:
            answer = self._calls.run(
                lambda: connection.post(self._url, each.body, headers),
                self._deadline_s,
                on_abandoned=self._reconnect,
            )
        except Exception as error:  # noqa: BLE001 - whatever a target causes is its failure, never the consumer's
            if connection.response is None:
                problem = f"no response: {type(error).__name__}: {printable(str(error))}"
                return HandlerOutcome(again=batch, problem=problem)
            answer = f"(body not read: {type(error).__name__})"
        return self._outcome(each, connection.response, answer)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _reconnect(self) -> None:
        """End the request in progress, and use a new connection for the next one."""
        self._connection.abandon()
        self._connection = _Connection(self._url, self._transport)

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

    def _outcome(self, each: Handover, response: httpx.Response | None, answer: str) -> HandlerOutcome:
        if response is None:
            return HandlerOutcome(again=(each,), problem="no response")
        status = response.status_code
        said = f"answered {status}" + (f": {answer}" if answer else "")
        if response.is_success:
            return HandlerOutcome()
        if status >= FIRST_SERVER_ERROR or status in RETRIED_STATUSES:
            wait_s = retry_after_s(response.headers.get("Retry-After"), self._now_s())
            return HandlerOutcome(again=(each,), problem=said, retry_after_s=wait_s)
        return HandlerOutcome(refused=(Refusal(each, said),))


_BEFORE_SENDING: Final = frozenset({"connection.start_tls.started", "http11.send_request_headers.started"})
"""Events at which an abandoned request ends, rather than be sent after all."""


class _AbandonedError(Exception):
    """The caller no longer waits for this request."""


class _Connection:
    """A client with at most one connection, whose request another thread can abandon."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None) -> None:
        self.response: httpx.Response | None = None
        """Response to the last request, as soon as its headers have arrived: its status decides."""
        self._is_abandoned = False
        self._stream: Any = None
        self._client = httpx.Client(
            timeout=PHASE_TIMEOUT_S,
            headers={"User-Agent": "fraudstream", "Accept-Encoding": "identity"},
            # Before a redirect is parsed, which an invalid one would fail.
            event_hooks={"response": [lambda response: response.headers.pop("Location", None)]},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=1),
            trust_env=not is_loopback_url(url),
            transport=transport,
        )

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> str:
        """Post a body and return the start of the response's body as text."""
        try:
            with self._client.stream(
                "POST", url, content=body, headers=headers, extensions={"trace": self._trace}
            ) as response:
                self.response = response
                return _start_of(response)
        finally:
            if self._is_abandoned:
                self._client.close()

    def abandon(self) -> None:
        """Make the request in progress fail: it is not sent any more, and a blocked read returns."""
        self._is_abandoned = True
        connected = self._stream.get_extra_info("socket") if self._stream is not None else None
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It was closed meanwhile.
                return

    def close(self) -> None:
        self._client.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        """Keep the connection's socket; see httpcore's trace extension."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._stream = info["return_value"]
        if self._is_abandoned and event in _BEFORE_SENDING:
            raise _AbandonedError


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
            date = email.utils.parsedate_to_datetime(header)
            asked_s = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(MAX_RETRY_AFTER_S, max(0.0, asked_s))


def _start_of(response: httpx.Response) -> str:
    """Return the start of the body as sent: decompressing it would let a few bytes become many."""
    encoding = response.headers.get("Content-Encoding", "identity")
    read = b""
    ends_s = time.monotonic() + READ_ANSWER_S
    for chunk in response.iter_raw():
        read += chunk
        if len(read) >= READ_ANSWER_BYTES or time.monotonic() >= ends_s:
            break
    if read and encoding.strip().lower() != "identity":
        return f"(body in the encoding {printable(encoding[:SHOWN_ANSWER_BYTES])}, which was not asked for)"
    return _text(read)


def _text(body: bytes) -> str:
    return printable(body[:SHOWN_ANSWER_BYTES].decode(errors="replace").strip())
