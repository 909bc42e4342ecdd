"""AWS endpoint of a local run: the embedded emulator, or a given one."""

import contextlib
import os
from collections.abc import Iterator

from fraudstream.runtime.aws_credentials import export_aws_credentials
from localstack.emulator import embedded_emulator


@contextlib.contextmanager
def run_endpoint(url: str | None) -> Iterator[str]:
    """Yield the URL of the endpoint; None runs the emulator while the block runs, with its credentials.

    Raises `EmulatorError` if the emulator does not start.
    """
    if url is not None:
        export_aws_credentials()
        yield url
        return
    # The emulator accepts any credentials, and real ones must not be sent to it.
    os.environ |= {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "LOCALSTACK_HOST"):
        os.environ.pop(name, None)
    with embedded_emulator() as emulator_url:
        yield emulator_url
