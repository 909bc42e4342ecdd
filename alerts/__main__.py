"""Command line of the alert consumer: ``python -m alerts`` tail, run, replay, dead, diff or diff-features."""

from alerts.commands import dead_command as dead
from alerts.commands.diff_command import diff
from alerts.commands.diff_features_command import diff_features
from alerts.commands.replay_command import replay
from alerts.commands.run_command import run
from alerts.commands.tail_command import tail
from fraudstream.runtime.command_app import CommandApp

app = CommandApp(
    no_args_is_help=True,
    help="Read what the job wrote: print, deliver and compare alerts, repair dead letters.",
)
app.command()(tail)
app.command()(run)
app.command()(replay)
app.command()(diff)
app.command()(diff_features)
app.add_typer(dead.app, name="dead")

if __name__ == "__main__":
    app()
