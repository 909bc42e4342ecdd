"""Recognition of alerts that were delivered under the ids of an earlier schema.

Ids of schema version 1 do not cover the account, and stores keep no accounts. So a handled id of version 1
stands for an alert only if the alert's transaction had arrived by the time the id was handled, with
`CLOCK_MARGIN_MS` for the difference of the two clocks. That leaves
one case: transactions of several accounts with the same id, alerted by the same model version, all of which
had arrived by then. The earlier release delivered one of their alerts and took the others for copies of it,
and they stay undelivered. Stores delete ids after a time; from then on nothing is recognised any more.
"""

from collections.abc import Sequence
from typing import Final

from alerts.messages import Handover
from alerts.store.progress_store import ProgressStore
from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import from_time_ms

CLOCK_MARGIN_MS: Final = 10_000
"""Tolerance between the stream's clock, which tells arrivals, and the consumer's, which tells deliveries.
An alert is delivered within seconds of its arrival: to a consumer whose clock is behind, it seems earlier."""


def without_copies(alerts: Sequence[Handover]) -> list[Handover]:
    """Return the alerts without those of a transaction that is also there under its earlier id."""
    there = {(each.alert.alert_id, each.alert.account_id) for each in alerts}
    return [each for each in alerts if (each.alert.earlier_id, each.alert.account_id) not in there]


def delivered_earlier(alerts: Sequence[Handover], store: ProgressStore) -> list[str]:
    """Return the ids of those alerts that were delivered under their earlier ids; raises `StoreError`."""
    earlier = {each.alert.alert_id: id_ for each in alerts if (id_ := each.alert.earlier_id) is not None}
    handled_ms = store.handled_ms(list(dict.fromkeys(earlier.values()))) if earlier else {}
    return [
        each.alert.alert_id
        for each in alerts
        if (at_ms := handled_ms.get(earlier.get(each.alert.alert_id, ""))) is not None
        and _arrived_by(each.alert, at_ms)
    ]


def _arrived_by(alert: Alert, time_ms: int) -> bool:
    arrived = alert.arrival_time or alert.event_time
    return arrived is not None and arrived <= from_time_ms(time_ms + CLOCK_MARGIN_MS)
