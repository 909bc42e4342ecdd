"""``python -m alerts diff``: compare the alerts of two runs."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.table import Table
from rich.text import Text

from alerts.alert_diff import Difference, Kind, differences
from alerts.commands.common import AsJson, complain, console
from alerts.lines import printable
from alerts.messages import UnreadableError, parse
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_progress import opened_with_bar
from fraudstream.domain.alert import Alert
from fraudstream.streams.protocols import StreamRecord

SHOWN_ROWS: Final = 50
KINDS: Final[dict[Kind, str]] = {
    "new": "new: only in the second file",
    "gone": "gone: only in the first file",
    "score": "with different scores",
    "other": "with the same score, but other differences",
}

AlertsFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def diff(before: AlertsFile, after: AlertsFile, *, as_json: AsJson = False) -> None:
    """Compare the alerts of two runs, given as JSON lines from --alerts-out or `run --handler jsonl`.

    Alerts are matched by transaction_id; of several alerts for one transaction the last one counts. Exits
    with code 0 if the alerts are the same, 1 if they differ, 2 if a file can't be read.
    """
    try:
        first, second = read_alerts(before), read_alerts(after)
    except ArchiveError as error:
        complain(str(error))
        raise typer.Exit(2) from error
    found = list(differences(first, second))
    same = len(first.keys() & second.keys()) - sum(each.kind in {"score", "other"} for each in found)
    if as_json:
        summary = {kind: [asdict(each) for each in found if each.kind == kind] for kind in KINDS}
        typer.echo(orjson.dumps({"same": same, **summary}).decode())
    else:
        _show(found, same)
    raise typer.Exit(1 if found else 0)


def read_alerts(path: Path) -> dict[str, Alert]:
    """Read a file of alerts, keyed by transaction_id; raises `ArchiveError` for a line that isn't one."""
    alerts: dict[str, Alert] = {}
    with opened_with_bar(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                alert = _alert(line, path, number)
                alerts[alert.transaction_id] = alert
    return alerts


def _alert(line: bytes, path: Path, number: int) -> Alert:
    record = StreamRecord(line, "", path.name, str(number), arrival_ms=0)
    try:
        return parse(record, Alert).message
    except UnreadableError as error:
        msg = f"{path}, line {number}: {error}; the file must have one alert per line"
        raise ArchiveError(msg) from error


def _show(found: list[Difference], same: int) -> None:
    counts = Counter(each.kind for each in found)
    console.print(f"{same:,} alerts are the same", markup=False)
    for kind, meaning in KINDS.items():
        if counts[kind]:
            console.print(f"{counts[kind]:,} {meaning}", markup=False)
    if found:
        console.print(_table(found[:SHOWN_ROWS]), soft_wrap=False)
    if len(found) > SHOWN_ROWS:
        console.print(f"{len(found) - SHOWN_ROWS:,} more; --json prints all", markup=False)


def _table(found: list[Difference]) -> Table:
    table = Table("transaction", "", "score", "cause")
    for each in found:
        scores = f"{_score(each.score_before)} → {_score(each.score_after)}"
        why = printable("; ".join(each.why))
        table.add_row(*map(Text, (printable(each.transaction_id), each.kind, scores, why)))
    return table


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.4f}"
