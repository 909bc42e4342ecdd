"""Outcome of a call that may be refused: a value, or the message of the error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Refusal:
    """Message of the error by which a call was refused."""

    message: str


def outcome(call: Callable[[], Value], refused_by: type[Exception]) -> Value | Refusal:
    """Return the value of a call, or why it was refused; any other error than ``refused_by`` is raised."""
    try:
        return call()
    except refused_by as error:
        return Refusal(str(error))
