"""Exceptions of the SDK. No message contains a key or a token."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class FieldProblem(NamedTuple):
    """One invalid field of a request: its name, the value that was sent, shortened, and the remedy."""

    field: str
    value: str
    remedy: str


class FraudDetectorError(Exception):
    """Base of the SDK's exceptions.

    ``earlier_results`` are the results of a call's first requests, if it needed several and a later one
    failed with this error.
    """

    earlier_results: Sequence[dict[str, Any]] = ()


class SetupError(FraudDetectorError):
    """A detector can't be made from its arguments, variables or packages; the message has the remedy."""


class RequestRefusedError(FraudDetectorError):
    """The service refused a request.

    ``status`` is the HTTP status, ``detail`` its explanation, ``retry_after_s`` the wait that the service
    asks for (None without one), and ``errors`` the invalid fields. ``members`` is the whole problem (RFC
    9457), empty if the answer was not one, as from a proxy.
    """

    def __init__(
        self, status: int, title: str, members: Mapping[str, Any], retry_after_s: float | None
    ) -> None:
        self.status = status
        self.title = title
        self.detail = str(members.get("detail", ""))
        self.members = dict(members)
        self.errors = _field_problems(members.get("errors"))
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {title}: {self.detail}" if self.detail else f"{status} {title}")

    @property
    def field(self) -> str | None:
        """The first invalid field, None if the refusal is not about a field."""
        return self.errors[0].field if self.errors else None

    @property
    def value(self) -> str | None:
        """The value of that field as it was sent, shortened."""
        return self.errors[0].value if self.errors else None

    @property
    def remedy(self) -> str | None:
        """The remedy for that field."""
        return self.errors[0].remedy if self.errors else None


class NoScoreError(FraudDetectorError):
    """The transaction has no score: the stream would refuse it as late or as conflicting with another one."""


class NoAnswerError(FraudDetectorError):
    """No answer within the deadline or the attempts. ``may_be_done``: the service may have acted on it."""

    def __init__(self, message: str, *, may_be_done: bool) -> None:
        super().__init__(message)
        self.may_be_done = may_be_done


class UnexpectedAnswerError(FraudDetectorError):
    """The answer is not the decision API's: another service listens there, or a proxy has changed it."""


def _field_problems(errors: object) -> tuple[FieldProblem, ...]:
    """Return the problems of a refusal's ``errors``, leaving out entries of another shape."""
    if not isinstance(errors, Sequence):
        return ()
    return tuple(
        FieldProblem(*(str(each[name]) for name in FieldProblem._fields))
        for each in errors
        if isinstance(each, Mapping) and all(name in each for name in FieldProblem._fields)
    )
