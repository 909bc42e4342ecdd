"""At-least-once delivery of the alert stream to a handler, resumed after a restart or a crash.

`alerts.store.progress_store` documents the guarantees at each step.
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alerts.earlier_ids import delivered_earlier, without_copies
from alerts.handlers.handler_protocol import AlertHandler, HandlerError, HandlerOutcome
from alerts.messages import Handover, UnreadableError, handover, parse
from alerts.refused import RefusedRecords
from alerts.store.progress_store import ProgressStore
from fraudstream.domain.alert import Alert
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import RecordReader, StreamRecord

ADVANCE_INTERVAL_MS: Final = 1_000
"""Interval at which positions are stored while alerts arrive. After a crash, alerts handled since the stored
position are recognised by their ids."""
IDLE_INTERVAL_MS: Final = 60_000
"""Interval at which positions are stored while no alerts arrive: only the reached time changes then."""
BUSY_PAUSE_S: Final = 0.2
"""Pause before another attempt to claim an alert that another consumer has claimed."""
RETRY_CAP_S: Final = 30.0
"""Longest wait between two attempts. Attempts continue until the alert is delivered, so that none is lost."""
STOPPED: Final = "stopped before the alert was handled"
SHOWN_WAIT_S: Final = 1.0
"""Shorter waits are counted but not reported: an occasional failure of a target needs no attention."""
REFUSED_IN_A_ROW: Final = 10
"""Number of consecutive refusals that stops the run: the target presumably refuses everything."""

OUTPUT_CLOSED: Final = (BrokenPipeError, SystemExit)
"""Exceptions of a handler that prints, once nobody reads standard output: Python's own and Rich's. Handlers
of other targets return such an error as an outcome."""


@dataclass(slots=True)
class Counts:
    """Counts of a run's records by outcome; ``doubled`` were handled before, by this or another run."""

    handled: int = 0
    doubled: int = 0
    refused: int = 0
    unreadable: int = 0
    retries: int = 0

    def __str__(self) -> str:
        """Return the counts as a readable line."""
        return (
            f"{self.handled:,} alerts handled, {self.doubled:,} duplicates skipped, "
            f"{self.refused:,} refused, {self.unreadable:,} unreadable records, {self.retries:,} retries"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDependencies:
    """Dependencies and options of a `Delivery`.

    ``now_ms`` is the wall clock in epoch milliseconds. ``on_problem`` receives messages for the operator.
    ``stop`` ends the delivery after the current batch. ``backoff`` sets the waits between attempts.
    ``is_replay`` marks the alerts as replayed. Records that arrived at ``end_ms`` (epoch milliseconds) or
    later are left out.
    """

    reader: RecordReader
    store: ProgressStore
    handler: AlertHandler
    refused: RefusedRecords
    now_ms: Callable[[], int]
    on_problem: Callable[[str], None]
    stop: threading.Event
    backoff: Backoff = field(default_factory=lambda: Backoff(cap_s=RETRY_CAP_S))
    is_replay: bool = False
    end_ms: int | None = None


class Delivery:
    """Delivers alerts in this order of steps: read, claim, hand over, finish, advance.

    ``counts`` holds the outcomes so far.
    """

    def __init__(self, parts: DeliveryDependencies) -> None:
        self.counts = Counts()
        self._parts = parts
        self._pending: list[StreamRecord] = []
        self._reached: dict[str, Position] = {}
        self._saved: dict[str, Position] = {}
        self._saved_at_ms = 0
        self._refused_in_a_row = 0

    @property
    def unfinished(self) -> Sequence[StreamRecord]:
        """The records that the last step has read and not handled."""
        return tuple(self._pending)

    def step(self, most: int | None = None) -> int:
        """Read each shard once and deliver the new records, ``most`` at most.

        Returns the number of handled alerts. Once the stop is set, ends after the current batch. Records that
        were read but not handled, because of the stop or of ``most``, are delivered by the next step or the
        next run. Raises `StreamError`, `StoreError` and `HandlerError`, and `StopRequestedError` if the stop
        interrupted a call of the stream or the store, and one of `OUTPUT_CLOSED` if nobody reads what a
        handler prints.
        """
        before = self.counts.handled
        records = self._pending or self._parts.reader.poll()
        taken = self._take_all(records[:most])
        self._pending = records[taken:]
        if not self._pending:
            self._reached |= self._parts.reader.positions()
        self._save_if_due()
        return self.counts.handled - before

    def save(self) -> None:
        """Store the positions that moved; every alert up to them has been handled."""
        moved = {id_: at for id_, at in self._reached.items() if at != self._saved.get(id_)}
        if moved:
            self._parts.store.advance(moved)
        self._saved |= moved
        self._saved_at_ms = self._parts.now_ms()

    def _take_all(self, records: Sequence[StreamRecord]) -> int:
        """Handle records batch by batch until the stop is set; returns the number of records taken."""
        size = self._parts.handler.batch_size
        for first in range(0, len(records), size):
            batch = records[first : first + size]
            try:
                self._take(batch)
            except StopRequestedError:
                return first
            if self._parts.stop.is_set():
                return first + len(batch)
        return len(records)

    def _take(self, batch: Sequence[StreamRecord]) -> None:
        alerts = self._alerts(batch)
        by_id = {each.alert.alert_id: each for each in without_copies(alerts)}
        self.counts.doubled += len(alerts) - len(by_id)
        self._settle(self._new(by_id))
        # Within an aggregated record there is no place to resume at.
        self._reached |= {
            record.shard_id: Position(record.sequence_number, record.arrival_ms)
            for record in batch
            if not record.parts_left
        }
        self._save_if_due()

    def _save_if_due(self) -> None:
        is_moved = _places(self._reached) != _places(self._saved)
        interval_ms = ADVANCE_INTERVAL_MS if is_moved else IDLE_INTERVAL_MS
        if self._parts.now_ms() - self._saved_at_ms >= interval_ms:
            self.save()

    def _alerts(self, batch: Sequence[StreamRecord]) -> list[Handover]:
        alerts = []
        for record in batch:
            if self._parts.end_ms is not None and record.arrival_ms >= self._parts.end_ms:
                continue
            try:
                alerts.append(handover(parse(record, Alert), is_replay=self._parts.is_replay))
            except UnreadableError as error:
                self._unreadable(record, str(error))
        return alerts

    def _unreadable(self, record: StreamRecord, reason: str) -> None:
        self.counts.unreadable += 1
        self._parts.refused.add_record(record, reason, self._parts.now_ms())
        place = f"{record.shard_id}, {record.sequence_number}"
        self._parts.on_problem(f"unreadable record ({place}): {reason}")

    def _settle(self, waiting: dict[str, Handover]) -> None:
        """Handle the alerts that can be claimed, and wait for those claimed by others, until all are done."""
        while waiting:
            claims = self._parts.store.claim(list(waiting), self._parts.now_ms())
            self.counts.doubled += len(claims.done)
            taken_over = self._hand_over([waiting[alert_id] for alert_id in claims.ours])
            waiting = {alert_id: waiting[alert_id] for alert_id in (*claims.busy, *taken_over)}
            if waiting and self._parts.stop.wait(BUSY_PAUSE_S):
                raise StopRequestedError(STOPPED)

    def _new(self, by_id: Mapping[str, Handover]) -> dict[str, Handover]:
        """Return the alerts without those that were delivered under earlier ids, which are finished."""
        # Before the claim: in an outage of the store, the lease of a claim would end during the lookup.
        known = delivered_earlier(list(by_id.values()), self._parts.store)
        if known:
            self._parts.store.finish(known, self._parts.now_ms())
            self.counts.doubled += len(known)
        return {alert_id: each for alert_id, each in by_id.items() if alert_id not in known}

    def _hand_over(self, alerts: Sequence[Handover]) -> list[str]:
        """Hand over claimed alerts; returns the ids of those that another consumer has claimed meanwhile."""
        try:
            return self._hand_over_until_done(alerts)
        except (HandlerError, *OUTPUT_CLOSED):
            with contextlib.suppress(StopRequestedError):
                self._parts.store.release(_ids(alerts))
            raise

    def _hand_over_until_done(self, alerts: Sequence[Handover]) -> list[str]:
        failures = 0
        taken_over: list[str] = []
        while alerts:
            outcome = self._attempt(alerts)
            failures = failures + 1 if len(outcome.again) == len(alerts) else 1
            self._finish(alerts, outcome)
            alerts = outcome.again
            if alerts:
                self._pause(alerts, outcome, failures)
                alerts, busy = self._claim_again(alerts)
                taken_over += busy
        return taken_over

    def _claim_again(self, alerts: Sequence[Handover]) -> tuple[list[Handover], Collection[str]]:
        """Renew claims before another attempt; returns the alerts still ours and the ids that are busy.

        In an outage of the store the lease may have ended, and another consumer may have claimed the alerts.
        """
        claims = self._parts.store.claim(_ids(alerts), self._parts.now_ms())
        self.counts.doubled += len(claims.done)
        ours = set(claims.ours)
        return [each for each in alerts if each.alert.alert_id in ours], claims.busy

    def _attempt(self, alerts: Sequence[Handover]) -> HandlerOutcome:
        """Call the handler; whatever exception a target causes is a failure of the target.

        A target that is unusable from the start ends the run, and so does a reader of the printed alerts that
        has gone. One that worked before is tried again, because permissions and topics get repaired.
        """
        try:
            return self._parts.handler.handle(alerts)
        except HandlerError as error:
            if not self.counts.handled:
                raise
            return HandlerOutcome(again=alerts, problem=str(error))
        except OUTPUT_CLOSED:
            raise
        except Exception as error:  # noqa: BLE001 - handlers meet whatever a target sends
            return HandlerOutcome(again=alerts, problem=f"{type(error).__name__}: {error}")

    def _finish(self, alerts: Sequence[Handover], outcome: HandlerOutcome) -> None:
        if outcome.refused:
            self._parts.refused.add_alerts(outcome.refused, self._parts.now_ms())
        again = set(_ids(outcome.again))
        settled = [alert_id for alert_id in _ids(alerts) if alert_id not in again]
        if settled:
            self._parts.store.finish(settled, self._parts.now_ms())
        self.counts.refused += len(outcome.refused)
        self.counts.handled += len(settled) - len(outcome.refused)
        self._watch_refusals(outcome, handled=len(settled) - len(outcome.refused))

    def _watch_refusals(self, outcome: HandlerOutcome, *, handled: int) -> None:
        for refusal in outcome.refused:
            self._parts.on_problem(f"alert {refusal.handover.alert.alert_id} is refused: {refusal.reason}")
        self._refused_in_a_row = 0 if handled else self._refused_in_a_row + len(outcome.refused)
        if self._refused_in_a_row >= REFUSED_IN_A_ROW:
            msg = (
                f"{self._refused_in_a_row} alerts in a row were refused; the last reason: "
                f"{outcome.refused[-1].reason}; they are in {self._parts.refused.path}. "
                "Fix the target, then start again; the rest is still in the stream"
            )
            raise HandlerError(msg)

    def _pause(self, alerts: Sequence[Handover], outcome: HandlerOutcome, failures: int) -> None:
        """Wait until the next attempt."""
        self.counts.retries += 1
        wait_s = max(outcome.retry_after_s, self._parts.backoff.wait_s(failures - 1))
        if wait_s >= SHOWN_WAIT_S and not self._parts.stop.is_set():
            first = alerts[0].alert.alert_id
            self._parts.on_problem(
                f"alert {first}: {outcome.problem}; {failures} failed attempts, next in {wait_s:.1f} s"
            )
        if self._parts.stop.wait(wait_s):
            self._parts.store.release(_ids(alerts))
            raise StopRequestedError(STOPPED)


def _places(positions: Mapping[str, Position]) -> dict[str, tuple[str | None, bool]]:
    """Return the positions without their times, which advance even when no record arrives."""
    return {shard_id: (at.sequence_number, at.is_end) for shard_id, at in positions.items()}


def _ids(alerts: Sequence[Handover]) -> list[str]:
    return [each.alert.alert_id for each in alerts]
