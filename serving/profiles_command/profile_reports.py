"""Reports of ``fraudstream profiles``: the facts of a profile and of a store, as data and as tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fraudstream.profiles.profile_rows import ProfileProgress, ProfileRow, written_until_ms
from fraudstream.profiles.store_protocol import EntityCount
from fraudstream.runtime.terminal import shown
from serving.profiles_command.stored_history import StoredHistory

UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
KILOBYTE: Final = 1_000


def profile_facts(row: ProfileRow, progress: Iterable[ProfileProgress], now_ms: int) -> dict[str, Any]:
    """Return the facts of a row; ``step_age_ms`` is how far the job's writing of its entity is behind.

    An idle profile has an old ``updated_ms`` and is current all the same; ``step_age_ms`` is null if not
    every task of the step has reported.
    """
    until_ms = written_until_ms(progress, row.key.entity)
    return {
        "entity": row.key.entity,
        "id": row.key.id,
        "epoch_ms": row.epoch_ms,
        "ordinal": row.ordinal,
        "updated_ms": row.updated_ms,
        "age_ms": now_ms - row.updated_ms,
        "bytes": len(row.profile),
        "expires_ms": row.expires_ms,
        "is_expired": row.expires_ms <= now_ms,
        "written_until_ms": until_ms,
        "step_age_ms": None if until_ms is None else now_ms - until_ms,
    }


def history_facts(history: StoredHistory) -> dict[str, Any]:
    """Return the content of a profile as data."""
    return asdict(history)


def store_facts(
    counts: Sequence[EntityCount], progress: Sequence[ProfileProgress], now_ms: int
) -> list[dict[str, Any]]:
    """Return for each entity its rows, bytes, epoch, tasks and lag; null where nothing has been reported."""
    sizes = {each.entity: each for each in counts}
    entities = sorted({*sizes, *(each.entity for each in progress)})
    return [_entity_facts(entity, sizes.get(entity), progress, now_ms) for entity in entities]


def _entity_facts(
    entity: str, size: EntityCount | None, progress: Sequence[ProfileProgress], now_ms: int
) -> dict[str, Any]:
    own = [each for each in progress if each.entity == entity]
    newest = max(own, key=lambda each: (each.epoch_ms, each.written_until_ms), default=None)
    until_ms = written_until_ms(own, entity)
    return {
        "entity": entity,
        "rows": 0 if size is None else size.rows,
        "bytes": 0 if size is None else size.bytes,
        "epoch_ms": None if newest is None else newest.epoch_ms,
        "tasks": None if newest is None else newest.tasks,
        "written_until_ms": until_ms,
        "lag_ms": None if until_ms is None else now_ms - until_ms,
    }


def profile_table(facts: Mapping[str, Any]) -> RenderableType:
    """Return the facts of a row as a table."""
    table = Table("Fact", "Value", title=Text(shown(f"{facts['entity']} {facts['id']}")))
    state = "expired" if facts["is_expired"] else "until"
    step_ms = facts["step_age_ms"]
    rows = (
        ("epoch", instant(facts["epoch_ms"])),
        ("ordinal", str(facts["ordinal"])),
        ("last change", f"{instant(facts['updated_ms'])}, {span(facts['age_ms'])} ago"),
        ("size", size(facts["bytes"])),
        ("expiry", f"{state} {instant(facts['expires_ms'])}"),
        ("step", "not reported" if step_ms is None else f"written until {span(step_ms)} ago"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def history_table(history: StoredHistory) -> RenderableType:
    """Return the newest transactions of a profile as a table."""
    title = (
        f"{history.transactions} transactions: {history.rows} kept one by one, {history.condensed} condensed"
    )
    columns = list(history.newest[0]) if history.newest else []
    table = Table(*(each.removesuffix("_ms") for each in columns), title=Text(title))
    for each in history.newest:
        time_ms, *values = each.values()
        cells = ["" if value is None else f"{value:,g}" for value in values]
        table.add_row(instant(int(time_ms or 0)), *cells)
    return table


def store_table(facts: Sequence[Mapping[str, Any]], title: str) -> RenderableType:
    """Return the facts of a store's entities as a table."""
    table = Table("Entity", "Rows", "Bytes", "Epoch", "Tasks", "Lag", title=Text(shown(title)))
    for each in facts:
        epoch_ms, lag_ms = each["epoch_ms"], each["lag_ms"]
        table.add_row(
            shown(each["entity"]),
            f"{each['rows']:,}",
            size(each["bytes"]),
            "" if epoch_ms is None else instant(epoch_ms),
            "" if each["tasks"] is None else str(each["tasks"]),
            "not reported" if lag_ms is None else span(lag_ms),
        )
    return table


def instant(time_ms: int) -> str:
    """Return a time in UTC; the number itself if it is beyond the years that a date can have."""
    try:
        return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"


def span(ms: int) -> str:
    """Return a time span in its largest unit, like ``3.5 h``."""
    for unit_ms, name in UNITS:
        if abs(ms) >= unit_ms:
            return f"{ms / unit_ms:.1f} {name}"
    return f"{ms} ms"


def size(count: int) -> str:
    """Return a number of bytes, like ``12.3 kB``."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if count >= KILOBYTE**power:
            return f"{count / KILOBYTE**power:.1f} {unit}"
    return f"{count} B"
