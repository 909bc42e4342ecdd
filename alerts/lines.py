"""Terminal lines for alerts and dead letters."""

from datetime import datetime, timedelta, timezone
from typing import Final

from rich.text import Text

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.runtime.terminal import printable

VIETNAM: Final = timezone(timedelta(hours=7))
"""UTC+7 without daylight saving, since 1975."""
SHOWN_RAW_CHARACTERS: Final = 60
RISK_STYLES: Final = {"medium": "yellow", "high": "bright_red", "critical": "bold white on red"}


def alert_line(alert: Alert) -> Text:
    """Return a line with time in Vietnam, risk, score, account, amount, likely type of fraud and flags."""
    return Text.assemble(
        (_local(alert.event_time), "dim"),
        "  ",
        (f" {alert.risk_level.upper():<8} ", RISK_STYLES[alert.risk_level]),
        f"  {alert.score:.3f}  ",
        (printable(alert.account_id), "cyan"),
        f"  {alert.transaction_amount_vnd:>15,.0f} VND  ",
        (printable(alert.likely_fraud_type or "unknown"), "magenta"),
        f"  {printable(', '.join(alert.flags))}" if alert.flags else "",
    )


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
