"""Command line of the load tests: ``python -m producer.load`` with stream, decisions or ingestion."""

from fraudstream.runtime.command_app import CommandApp
from producer.load.decisions_command import decisions
from producer.load.ingestion_command import ingestion
from producer.load.load_command import load

app = CommandApp(
    no_args_is_help=True,
    help="Load tests by an open-loop schedule: of the stream, the decision API and the ingestion gateway.",
)
app.command("stream")(load)
app.command("decisions")(decisions)
app.command("ingestion")(ingestion)


if __name__ == "__main__":
    app()
