"""Handler that delivers each alert to several others."""

from collections.abc import Sequence

from alerts.handlers.handler_protocol import AlertHandler, HandlerOutcome, Refusal
from alerts.messages import Handover


class HandlerChain:
    """Hands alerts to each of ``handlers`` in turn; an alert is handled once all of them have handled it.

    An alert that one of them has to retry does not reach those after it, which may not recognise a second
    delivery. So put the handlers that do, such as `TableHandler`, first. One that refuses an alert does not
    keep it from the others; the alert is refused then, with each reason.
    """

    def __init__(self, handlers: Sequence[AlertHandler]) -> None:
        self.batch_size = min(handler.batch_size for handler in handlers)
        self._handlers = tuple(handlers)

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Try once to deliver the alerts to every handler, in order."""
        reasons: dict[str, list[str]] = {}
        problems: list[str] = []
        passed, wait_s = list(batch), 0.0
        for handler in self._handlers:
            outcome = handler.handle(passed) if passed else HandlerOutcome()
            for refusal in outcome.refused:
                reasons.setdefault(refusal.handover.alert.alert_id, []).append(refusal.reason)
            again = _ids(outcome.again)
            passed = [each for each in passed if each.alert.alert_id not in again]
            problems += [outcome.problem] if again else []
            wait_s = max(wait_s, outcome.retry_after_s)
        done = _ids(passed)
        return HandlerOutcome(
            refused=[
                Refusal(each, "; ".join(reasons[each.alert.alert_id]))
                for each in passed
                if each.alert.alert_id in reasons
            ],
            again=[each for each in batch if each.alert.alert_id not in done],
            problem="; ".join(problems),
            retry_after_s=wait_s,
        )

    def close(self) -> None:
        """Close every handler."""
        for handler in self._handlers:
            handler.close()


def _ids(alerts: Sequence[Handover]) -> set[str]:
    return {each.alert.alert_id for each in alerts}
