"""Result tables for a terminal and for Markdown; the first column is text, the others are figures."""

from collections.abc import Sequence

from rich.table import Table


def terminal_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> Table:
    """Return the table for a terminal."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of the table in Markdown."""
    rule = ("---", *("---:" for _ in columns[1:]))
    return [f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)]
