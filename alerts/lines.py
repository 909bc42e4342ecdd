"""Terminal lines for alerts and dead letters."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

from rich.text import Text

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.runtime.terminal import printable

VIETNAM: Final = timezone(timedelta(hours=7))
"""UTC+7 without daylight saving, since 1975."""
SHOWN_RAW_CHARACTERS: Final = 60
RISK_STYLES: Final = {
    "medium": "yellow",
    "high": "bright_red",
    "critical": "bold white on red",
    "review": "black on bright_cyan",
}


def alert_line(alert: Alert) -> Text:
    """Return a line with time in Vietnam, risk, score, account, amount, likely type of fraud and flags.

    A review has its reason for the type of fraud, and a sentence for the flags.
    """
    score = "-" if alert.score is None else f"{alert.score:.3f}"
    time = alert.event_time or alert.arrival_time
    return Text.assemble(
        (_local(time) if time else "no time            ", "dim"),
        "  ",
        (f" {alert.risk_level.upper():<8} ", RISK_STYLES[alert.risk_level]),
        f"  {score:<5}  ",
        (printable(account_of(alert)), "cyan"),
        f"  {amount_of(alert):>19}  ",
        (printable(type_of(alert)), "magenta"),
        *(f"  {printable(text)}" for text in _remarks(alert)),
    )


def account_of(alert: Alert) -> str:
    """Return the account, or that it is several: an alert may sum up reviews of many."""
    return "many accounts" if alert.account_id is None else alert.account_id


def amount_of(alert: Alert) -> str:
    """Return the amount, or a dash where it is not known."""
    amount_vnd = alert.transaction_amount_vnd
    return "- VND" if amount_vnd is None else f"{amount_vnd:,.0f} VND"


def type_of(alert: Alert) -> str:
    """Return the likely type of fraud, or the reason of a review."""
    return alert.review.reason if alert.review else alert.likely_fraud_type or "unknown"


def _remarks(alert: Alert) -> Iterator[str]:
    if alert.review:
        yield alert.review.sentence_en
        yield alert.review.detail
    elif alert.flags:
        yield ", ".join(alert.flags)
    if alert.overflowing_features:
        yield f"too large for the model: {', '.join(alert.overflowing_features)}"


def dead_letter_line(letter: DeadLetter) -> Text:
    """Return a line with arrival time in Vietnam, reason, size, shard, detail and the start of the record."""
    return Text.assemble(
        (_local(letter.arrival_time) if letter.arrival_time else "no arrival time", "dim"),
        "  ",
        (printable(letter.reason), "yellow"),
        f"  {letter.size_bytes:,} bytes  ",
        (printable(letter.shard_id or "no shard"), "cyan"),
        f"  {printable(letter.detail)}  ",
        (_start_of(letter), "dim"),
    )


def _start_of(letter: DeadLetter) -> str:
    """Return the start of the record's bytes as text, with bytes that are not text as escapes."""
    text = letter.raw[:SHOWN_RAW_CHARACTERS]
    if letter.encoding == "base64":
        text = letter.raw_bytes[:SHOWN_RAW_CHARACTERS].decode(errors="backslashreplace")
    is_cut = letter.truncated or letter.size_bytes > SHOWN_RAW_CHARACTERS
    return printable(text[:SHOWN_RAW_CHARACTERS]) + ("…" if is_cut else "")


def _local(time: datetime) -> str:
    try:
        return f"{time.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
    except OverflowError:  # the last hours of the year 9999, or the first of the year 1
        return time.isoformat()
