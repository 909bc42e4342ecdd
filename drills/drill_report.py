"""Reports of a drill: JSON for programs, tables for the terminal and docs/drill.md."""

import re
from collections.abc import Iterable
from typing import Any, Final

from rich.table import Table

from benchmarks.machine import describe_machine
from benchmarks.result_tables import markdown_table, terminal_table
from drills.drill_suite import DrillResults
from drills.faults.fault import Fault
from drills.load import Effort
from drills.verdict import Verdict

COLUMNS: Final = (
    "fault",
    "sent",
    "lost",
    "wrong output",
    "duplicate alerts",
    "alerts with unexpected id",
    "recovery, s",
)
BEGIN: Final = "<!-- measured: written by python -m drills -->"
END: Final = "<!-- end of measured -->"


def to_json(results: DrillResults) -> dict[str, Any]:
    """Return the content of build/drill.json.

    ``failures`` are the faults that could not be judged, ``skipped`` those for which a right is missing.
    """
    return {
        "faults": [each.to_json() for each in results.verdicts],
        "failures": results.failures,
        "skipped": results.skipped,
    }


def table(results: DrillResults) -> Table:
    """Return the table of verdicts for a terminal."""
    return terminal_table(COLUMNS, _rows(results.verdicts), "Effect of each fault")


def fault_table(faults: Iterable[Fault]) -> Table:
    """Return the table of faults and their descriptions for a terminal."""
    return terminal_table(("fault", "description"), [(fault.name, fault.description) for fault in faults])


def replace_measured_section(
    page: str, results: DrillResults, effort: Effort, machine: dict[str, str | int]
) -> str:
    """Return a page with the part between its two markers replaced by the results.

    Raises ``ValueError`` if a marker is missing.
    """
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not pattern.search(page):
        msg = f"the page lacks the markers {BEGIN} and {END}; put both where the table belongs"
        raise ValueError(msg)
    lines = [
        BEGIN,
        "",
        f"{effort.transactions:,} transactions, {effort.rate:g} per second, on {describe_machine(machine)}:",
        "",
        *markdown_table(COLUMNS, _rows(results.verdicts)),
        "",
        END,
    ]
    return pattern.sub(lambda _: "\n".join(lines), page)


def _rows(verdicts: Iterable[Verdict]) -> list[tuple[str, ...]]:
    return [
        (
            each.name,
            f"{each.sent:,}",
            *(f"{number:,}" for number in (each.lost, each.wrong, each.alerts_doubled)),
            f"{each.alerts_with_new_id:,}",
            f"{each.recovery_s:.1f}",
        )
        for each in verdicts
    ]
