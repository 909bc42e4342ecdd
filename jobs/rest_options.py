"""Flink options that close the REST port to web pages and other users of the machine."""

from typing import Final, Literal

LOOPBACK: Final = "127.0.0.1"
RestLevel = Literal["closed", "read", "clients"]
"""Values of `fraudstream.rest.access`, which the kernel enforces where it is on Flink's own class path."""
CLOSED_TO_PAGES: Final = {
    "rest.bind-address": LOOPBACK,
    # By default, any page in a browser may upload a jar and run it.
    "web.submit.enable": "false",
    "web.cancel.enable": "false",
    # Flink's default is *, and it has no value for no origin at all: this name can belong to nobody.
    "web.access-control-allow-origin": "http://nobody.invalid",
}
"""Options of every Flink process that a program of the project starts. They stop neither `POST /jobs`, which
`flink run` uses, nor `PATCH` and `GET` requests that cancel a job: the access level does."""


def rest_access(level: RestLevel) -> dict[str, str]:
    """Return the option that limits the REST port to ``level``."""
    return {"fraudstream.rest.access": level}
