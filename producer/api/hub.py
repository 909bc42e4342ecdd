"""Hub of all flows and their clients: admission, pausing and shutdown."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.clock import AsyncClock
from fraudstream.web.problem_details import Problem
from producer.api.api_log import log_dropped_client, log_stream_error
from producer.api.api_metrics import Metrics
from producer.api.api_settings import ApiSettings
from producer.api.flow import Client, Ending, Flow, Pace, Source
from producer.api.record_format import ToJson
from producer.api.ring import Ring

RETRY_AFTER_S = 5
"""Wait that a refused client is told."""
SHORTEST_REST_S = 0.001
"""Resolution of an event loop's timers; for a shorter rest, the task only yields to the others."""


class FairSource:
    """Lets the flows take transactions in turn, and leaves time for the rest of the process.

    Making a batch blocks the process. After each batch, nobody takes for as long as that batch took. So a
    pace beyond the generator's capacity takes at most half of the process, and is itself slowed down.
    """

    def __init__(self, source: Source, clock: AsyncClock) -> None:
        self._source = source
        self._clock = clock
        self._turn = asyncio.Lock()

    async def take(self, count: int) -> list[Transaction]:
        """Return the next ``count`` transactions."""
        async with self._turn:
            began_s = self._clock.monotonic_s()
            taken = await self._source.take(count)
            took_s = self._clock.monotonic_s() - began_s
            await self._clock.sleep(took_s if took_s > SHORTEST_REST_S else 0)
            return taken


@dataclass(frozen=True, slots=True)
class FlowKind:
    """Kind of a flow: its pace, None for the configured one, and whether its transactions are enriched."""

    pace: Pace | None
    is_enriched: bool


@dataclass(slots=True)
class _Running:
    flow: Flow
    task: asyncio.Task[None] | None = field(default=None)


class Hub:
    """The flows of one application. ``default_pace`` is the pace of clients that request none.

    ``enriched`` writes the transactions of clients that ask for enriched ones.
    """

    def __init__(  # noqa: PLR0913 - the parts of a hub
        self,
        settings: ApiSettings,
        source: Source,
        default_pace: Callable[[], Pace],
        metrics: Metrics,
        clock: AsyncClock,
        *,
        enriched: ToJson,
    ) -> None:
        self.streaming = True
        self.dropped = 0
        self._settings = settings
        self._source = FairSource(source, clock)
        self._default_pace = default_pace
        self._metrics = metrics
        self._clock = clock
        self._enriched = enriched
        self._flows: dict[FlowKind, _Running] = {}
        self._closing: str | None = None

    @property
    def clients(self) -> int:
        """Number of connected clients."""
        return sum(len(running.flow.clients) for running in self._flows.values())

    @property
    def paces(self) -> int:
        """Number of running flows, including those that wait for a client to come back."""
        return len(self._flows)

    @property
    def is_closing(self) -> bool:
        """Whether the server is shutting down."""
        return self._closing is not None

    def join(
        self, pace: Pace | None, last_event_id: str | None, *, is_enriched: bool = False
    ) -> "Membership":
        """Return a new client at ``pace``; None is the configured pace.

        Raises `Problem` 503 if there is no room, or the server is shutting down.
        """
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        if self._closing is not None:
            raise Problem(503, "the server is shutting down", headers)
        if self.clients >= self._settings.max_clients:
            msg = f"the limit of {self._settings.max_clients} clients is reached; try again later"
            raise Problem(503, msg, headers)
        kind = FlowKind(pace, is_enriched)
        if pace is not None and kind not in self._flows and not self._has_room():
            msg = (
                f"the limit of {self._settings.max_paces} custom paces is reached; omit frequency_seconds "
                "and batch_size to use the default"
            )
            raise Problem(503, msg, headers)
        flow = self._flow(kind)
        client = flow.join(last_event_id)
        self._metrics.clients.set(self.clients)
        return Membership(self, flow, client)

    def leave(self, flow: Flow, client: Client) -> None:
        """Remove a client; its flow continues for a while, so that the client can come back."""
        flow.leave(client)
        self._metrics.clients.set(self.clients)

    def count_drop(self, ending: Ending) -> None:
        """Count and log that a client was dropped."""
        self.dropped += 1
        self._metrics.clients_dropped.labels(ending.reason).inc()
        log_dropped_client(ending)

    def close(self, reason: str) -> None:
        """Send every client a ``bye`` event and accept no new client; a second call has no effect."""
        if self._closing is not None:
            return
        self._closing = reason
        for running in self._flows.values():
            for client in tuple(running.flow.clients):
                client.end("bye", reason)

    async def shut_down(self) -> None:
        """Close the hub, and end the flows."""
        self.close("the server is shutting down")
        tasks = [running.task for running in self._flows.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flows.clear()

    def _has_room(self) -> bool:
        """Return whether one more pace is allowed; evicts the pace without clients for longest if needed."""
        own = {kind: running for kind, running in self._flows.items() if kind.pace is not None}
        if len(own) < self._settings.max_paces:
            return True
        longest = max(own, key=lambda kind: own[kind].flow.idle_s())
        if own[longest].flow.clients:
            return False
        running = self._flows.pop(longest)
        if running.task is not None:
            running.task.cancel()
        return True

    def _flow(self, kind: FlowKind) -> Flow:
        running, pace = self._flows.get(kind), kind.pace
        if running is None:
            flow = Flow(
                self._default_pace if pace is None else lambda: pace,
                self._source,
                Ring(self._settings.ring_events, self._settings.ring_bytes),
                self._clock,
                self._metrics.events.inc,
                to_json=self._enriched if kind.is_enriched else Transaction.to_json,
            )
            running = self._flows[kind] = _Running(flow)
            running.task = asyncio.create_task(self._run(kind, flow))
        return running.flow

    async def _run(self, kind: FlowKind, flow: Flow) -> None:
        try:
            await flow.run(
                lambda: self._closing is None and flow.idle_s() <= self._settings.resume_seconds,
                lambda: self.streaming,
            )
        except Exception:  # noqa: BLE001 - any error is logged, and the clients are told
            # Its clients would otherwise get heartbeats forever. They are told, and may join a new flow.
            log_stream_error(len(flow.clients))
            for client in tuple(flow.clients):
                client.end("bye", "the stream failed; connect again")
        finally:
            if kind in self._flows and self._flows[kind].flow is flow:
                del self._flows[kind]


@dataclass(frozen=True, slots=True)
class Membership:
    """A client with its hub and flow; its holder must call `leave` in the end."""

    hub: Hub
    flow: Flow
    client: Client

    def leave(self) -> None:
        """Remove the client from its flow."""
        self.hub.leave(self.flow, self.client)
