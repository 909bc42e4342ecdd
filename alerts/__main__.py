"""The consumer's command line: ``python -m alerts`` with tail, run, replay, dead, diff or diff-features."""

import typer

from alerts.commands import dead
from alerts.commands.diff import diff
from alerts.commands.diff_features import diff_features
from alerts.commands.replay import replay
from alerts.commands.run import run
from alerts.commands.tail import tail

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What the job wrote: show it, bring it somewhere, mend it.",
)
app.command()(tail)
app.command()(run)
app.command()(replay)
app.command()(diff)
app.command()(diff_features)
app.add_typer(dead.app, name="dead")

if __name__ == "__main__":
    app()
