"""Command line of the decision API: ``python -m serving`` serves it, ``key NAME`` makes a key."""

import socket
from typing import Annotated, Any, Final

import typer

from fraudstream.runtime.command_app import CommandApp
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error
from fraudstream.web.api_keys import make_key
from fraudstream.web.http_server import configure_service_logging, run_server
from serving.gateway.gateway_settings import MEMORY
from serving.serving_app import create_app
from serving.serving_names import KEY_PREFIX, LOGGER, NAMES
from serving.serving_settings import ServingSettings
from serving.worker_processes import run_workers

KEYS_OF_ONE_PROCESS: Final = (
    "each worker keeps the answers to Idempotency-Keys for itself, and repeats a request that another has "
    "answered: set DECISION_API_GATEWAY_IDEMPOTENCY_STORE to sqlite:PATH"
)

command = CommandApp(help="Decision API: decide on transactions over HTTP, and take them for the stream.")


@command.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8000 by default")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share the port; one for each core is plenty")
    ] = 1,
    listening_descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; exits with code 2 and the reasons if the settings are invalid."""
    if context.invoked_subcommand is not None:
        return
    given: dict[str, Any] = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    try:
        settings = ServingSettings.load(**given)
        configure_service_logging(NAMES, settings)
        if workers > 1:
            if settings.gateway_idempotency_store == MEMORY:
                LOGGER.warning(KEYS_OF_ONE_PROCESS)
            raise typer.Exit(run_workers(settings, workers))
        listening = None if listening_descriptor is None else socket.socket(fileno=listening_descriptor)
        run_server(create_app(settings), settings, listening)
    except SettingsError as error:
        write_error(str(error))
        raise typer.Exit(2) from error


@command.command()
def key(
    name: Annotated[str, typer.Argument(help="Owner of the key, as logs and rate limits name it")],
) -> None:
    """Make an API key; prints the key, which is not stored, and its line for the key file."""
    try:
        made, kept = make_key(name, KEY_PREFIX)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"Key, shown only once:   {made}")
    typer.echo(f"Line for the key file:  {kept.line()}")


if __name__ == "__main__":
    command()
