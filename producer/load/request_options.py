"""Options of the load tests of HTTP services, and the output of their result."""

import gc
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from producer.load.open_loop import RequestTarget
from producer.record_source import decision_api_access

UrlOption = Annotated[
    str | None,
    typer.Option(help="Address of the decision API (default: DECISION_API_URL, else http://127.0.0.1:8000)"),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        help="API key (default: DECISION_API_KEY, or the file DECISION_API_KEY_FILE; other users can see "
        "a key that is given here in the list of processes)"
    ),
]
TokenOption = Annotated[str | None, typer.Option(help="JWT (default: DECISION_API_TOKEN)")]
RateOption = Annotated[float, typer.Option(min=0.1, max=100_000, help="Requests per second")]
DurationOption = Annotated[float, typer.Option(min=0.1, help="Length of the schedule in seconds")]
AccountsOption = Annotated[int, typer.Option(min=1, help="Number of accounts of the simulated bank")]
SeedOption = Annotated[
    int, typer.Option(min=0, help="Random seed of the simulated bank; its accounts' ids depend on it")
]
TimeoutOption = Annotated[
    float, typer.Option(min=0.1, help="Seconds to wait for an answer, after which a request is lost")
]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the summary to this file")]


def request_target(
    url: str | None, key: str | None, token: str | None, path: str, timeout_s: float
) -> RequestTarget:
    """Return where to send requests; raises ``typer.BadParameter`` for an unusable address or credentials."""
    try:
        access = decision_api_access(url, key, token)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return RequestTarget(url=access.url.rstrip("/") + path, headers=access.headers(), timeout_s=timeout_s)


def keep_from_collection() -> None:
    """Exempt what exists now from garbage collection: scanning it would stop the requests each time."""
    gc.collect()
    gc.freeze()


def write_result(result: dict[str, Any], json_file: Path | None, console: Console) -> None:
    """Print the summary of a load test, and write it to a file if one is given."""
    text = json.dumps(result, indent=2)
    console.print(text, markup=False, highlight=False)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text + "\n")
