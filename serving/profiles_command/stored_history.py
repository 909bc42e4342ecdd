"""The content of a stored profile, read by the kernel's core in a JVM of this process."""

import math
from dataclasses import dataclass

from fraudstream.online.core_jvm import CoreError, start_core


class HistoryError(Exception):
    """A profile can't be read: no Java, no jar, another hash key, or damaged bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHistory:
    """The transactions of a profile: how many, and the newest ones with their numbers."""

    transactions: int
    """Transactions counted so far, also those that the history has forgotten."""
    rows: int
    """Transactions that are kept one by one."""
    condensed: int
    """Transactions that are condensed into panes."""
    newest: list[dict[str, float | None]]
    """``event_time_ms`` and the numeric fields that the windows use, newest first."""


def read_history(profile: bytes, hash_key: str, newest: int) -> StoredHistory:
    """Read a profile with the job's hash key, 32 hexadecimal digits. Raises `HistoryError`."""
    try:
        kernel = start_core()
    except CoreError as error:
        raise HistoryError(str(error)) from error
    import jpype  # noqa: PLC0415 - `start_core` says how to install it

    try:
        summary = kernel.features.ProfileSummary.of(profile, hash_key, newest)
    except jpype.JException as error:
        raise HistoryError(str(error.getMessage())) from error
    columns = [str(column) for column in summary.columns]
    return StoredHistory(
        transactions=int(summary.ordinal),
        rows=int(summary.rows),
        condensed=int(summary.condensed),
        newest=[
            {"event_time_ms": int(time_ms)}
            | {name: _number(float(value)) for name, value in zip(columns, values, strict=True)}
            for time_ms, values in zip(summary.timesMs, summary.values, strict=True)
        ],
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
