"""``python -m models``: train model versions, evaluate them, check their files, explain their alerts."""

import signal

from fraudstream.runtime.command_app import CommandApp
from models.cost import cost_command
from models.digest_command import digest_command
from models.evaluate_command import evaluate_command
from models.explain_command import explain, types
from models.train_command import train_command

app = CommandApp(no_args_is_help=True, help=__doc__)

app.command("train")(train_command)
app.command("cost")(cost_command)
app.command("evaluate")(evaluate_command)
app.command("explain")(explain)
app.command("types")(types)
app.command("digest")(digest_command)


if __name__ == "__main__":
    # SIGTERM acts like Ctrl-C, so that the job that computes features ends with the command.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()
