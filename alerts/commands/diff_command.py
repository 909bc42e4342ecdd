"""``python -m alerts diff``: compare the alerts of two runs."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.table import Table
from rich.text import Text

from alerts.alert_diff import Difference, Kind, ReviewsCompared, compare_reviews, differences
from alerts.commands.common import AsJson, complain, console
from alerts.messages import UnreadableError, parse
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_progress import opened_with_bar
from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import TransactionKey
from fraudstream.runtime.terminal import printable, printable_json
from fraudstream.streams.protocols import StreamRecord

SHOWN_ROWS: Final = 50
KINDS: Final[dict[Kind, str]] = {
    "new": "new: only in the second file",
    "gone": "gone: only in the first file",
    "score": "with different scores",
    "other": "with the same score, but other differences",
}

NO_REVIEWS: Final = compare_reviews((), ())

AlertsFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def diff(before: AlertsFile, after: AlertsFile, *, as_json: AsJson = False) -> None:
    """Compare the alerts of two runs, given as JSON lines from --alerts-out or `run --handler jsonl`.

    Alerts are matched by account and transaction id; of several for one transaction the last one counts.
    Exits with code 0 if the alerts are the same, 1 if they differ, 2 if a file can't be read. Review alerts,
    which have no score, are matched by alert_id. They depend on when records arrived, so they do not count
    for the exit code.
    """
    try:
        first, second = read_alerts(before), read_alerts(after)
    except ArchiveError as error:
        complain(str(error))
        raise typer.Exit(2) from error
    found = list(differences(first.scored, second.scored))
    matched = len(first.scored.keys() & second.scored.keys())
    same = matched - sum(each.kind in {"score", "other"} for each in found)
    reviews = compare_reviews(first.reviews, second.reviews)
    if as_json:
        summary = {kind: [_as_json(each) for each in found if each.kind == kind] for kind in KINDS}
        typer.echo(
            printable_json(orjson.dumps({"same": same, **summary, "reviews": asdict(reviews)}).decode())
        )
    else:
        _show(found, same, reviews)
    raise typer.Exit(1 if found else 0)


def _as_json(found: Difference) -> dict[str, Any]:
    rest = asdict(found)
    del rest["transaction"]
    return found.transaction._asdict() | rest


@dataclass(slots=True)
class RunAlerts:
    """The alerts of a run: those with a score by transaction, and the ids of the review alerts."""

    scored: dict[TransactionKey, Alert] = field(default_factory=dict)
    reviews: list[str] = field(default_factory=list)


def read_alerts(path: Path) -> RunAlerts:
    """Read a file of alerts; raises `ArchiveError` for a line that isn't one."""
    alerts = RunAlerts()
    with opened_with_bar(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            alert = _alert(line, path, number)
            if alert.kind == "review":
                alerts.reviews.append(alert.alert_id)
            elif alert.transaction is not None:
                alerts.scored[alert.transaction] = alert
    return alerts


def _alert(line: bytes, path: Path, number: int) -> Alert:
    record = StreamRecord(line, "", path.name, str(number), arrival_ms=0)
    try:
        return parse(record, Alert).message
    except UnreadableError as error:
        msg = f"{path}, line {number}: {error}; the file must have one alert per line"
        raise ArchiveError(msg) from error


def _show(found: list[Difference], same: int, reviews: ReviewsCompared) -> None:
    counts = Counter(each.kind for each in found)
    console.print(f"{same:,} alerts are the same", markup=False)
    for kind, meaning in KINDS.items():
        if counts[kind]:
            console.print(f"{counts[kind]:,} {meaning}", markup=False)
    if reviews != NO_REVIEWS:
        numbers = f"{reviews.same:,} are the same, {len(reviews.new):,} new, {len(reviews.gone):,} gone"
        console.print(f"review alerts: {numbers}", markup=False)
    if found:
        console.print(_table(found[:SHOWN_ROWS]), soft_wrap=False)
    if len(found) > SHOWN_ROWS:
        console.print(f"{len(found) - SHOWN_ROWS:,} more; --json prints all", markup=False)


def _table(found: list[Difference]) -> Table:
    table = Table("transaction", "", "score", "cause")
    for each in found:
        scores = f"{_score(each.score_before)} → {_score(each.score_after)}"
        why = printable("; ".join(each.why))
        table.add_row(*map(Text, (printable(str(each.transaction)), each.kind, scores, why)))
    return table


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.4f}"
