"""Pinning of container images by digest.

``python -m deploy.pin_images`` asks the registry and rewrites the Dockerfile and docker-compose.yml.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from fraudstream.runtime.project_root import ROOT

FILES: Final = ("Dockerfile", "docker-compose.yml")
IMAGE: Final = re.compile(
    r"(?P<before>^FROM |^ARG FLINK_IMAGE=|^ +image: )"
    r"(?P<name>[a-z0-9./_-]+:[A-Za-z0-9._-]+)(?P<digest>@sha256:[0-9a-f]{64})?",
    re.MULTILINE,
)
"""An image with a tag; images of this project have none, and stages of a build no colon."""
TIMEOUT_S: Final = 120


def images(text: str) -> dict[str, str | None]:
    """Return the images that a Dockerfile or compose file uses, each with its digest if it has one."""
    return {found["name"]: found["digest"] for found in IMAGE.finditer(text)}


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Return the text with the digest of each image, which ``digest_of`` finds by name and tag."""
    return IMAGE.sub(lambda found: f"{found['before']}{found['name']}@{digest_of(found['name'])}", text)


def registry_digest(image: str) -> str:
    """Return the digest of an image's index in its registry; exits with the error of Docker."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    digest = done.stdout.strip()
    if done.returncode != 0 or re.fullmatch(r"sha256:[0-9a-f]{64}", digest) is None:
        sys.exit(f"error: no digest of {image}: {done.stderr.strip() or digest}")
    return digest


def main() -> None:
    """Pin the images of `FILES`; changes nothing unless every digest was found."""
    texts = {name: pinned((ROOT / name).read_text(), registry_digest) for name in FILES}
    for name, text in texts.items():
        (ROOT / name).write_text(text)


if __name__ == "__main__":
    main()
