"""Command-line options for duplicate transactions; ``--doubled`` is the former name of ``--duplicates``."""

from typing import Annotated

import typer

DuplicatesOption = Annotated[int, typer.Option(min=0, help="Number of valid transactions to send twice")]
DoubledAlias = Annotated[int, typer.Option("--doubled", min=0, hidden=True)]
