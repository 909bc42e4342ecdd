"""``python -m producer.api`` serves the API; ``python -m producer.api key NAME`` makes a key for it."""

import re
import sys
from typing import Annotated, Any

import typer
import uvicorn

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import stop_on_signals
from producer.api.application import create_app
from producer.api.auth import key_hash, new_key
from producer.api.logs import configure_logging, log_config
from producer.api.settings import ApiSettings

command = typer.Typer(add_completion=False, help="The Transaction API: synthetic transactions over HTTP.")


@command.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8000 by default")] = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; ends with code 2 and the reasons if the settings can't be used."""
    if context.invoked_subcommand is not None:
        return
    given: dict[str, Any] = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    try:
        settings = ApiSettings.load(**given)
        configure_logging(settings.log_level)
        app = create_app(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from error
    # The server ends on a signal and raises it again when it is done; the process then ends with code 0.
    stop_on_signals()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=dict(log_config(settings.log_level)),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


@command.command()
def key(name: Annotated[str, typer.Argument(help="Whose key it is; the log and the limits know it")]) -> None:
    """Make an API key: prints it, this one time, and its line for the key file."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) is None:
        msg = f"{name!r}: give 1 to 64 letters, digits, dots, dashes or underscores"
        raise typer.BadParameter(msg)
    made = new_key()
    typer.echo(f"Key, shown only now:    {made}")
    typer.echo(f"Line for the key file:  {name} {key_hash(made)}")


if __name__ == "__main__":
    command()
