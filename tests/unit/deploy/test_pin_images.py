"""Container images are pinned by digest, or named here."""

import pytest

from deploy.pin_images import FILES, images, pinned
from fraudstream.runtime.project_root import ROOT

WITHOUT_A_DIGEST = {
    "eclipse-temurin:17-jre",
    "flink:1.20.3-scala_2.12-java17",
    "localstack/localstack:4.14.0",
    "maven:3.9-eclipse-temurin-17",
    "python:3.11-bookworm",
    "python:3.11-slim-bookworm",
    "redis:7.4-bookworm",
}
"""No registry was reachable when these were written. `make pin-images` pins them; then this set is empty."""
DIGEST = "sha256:" + "0" * 64


def test_every_image_has_a_digest_or_is_named_here() -> None:
    found = {name: digest for file in FILES for name, digest in images((ROOT / file).read_text()).items()}
    assert {name for name, digest in found.items() if digest is None} == WITHOUT_A_DIGEST


@pytest.mark.parametrize("file", FILES)
def test_pinning_changes_nothing_but_the_digests(file: str) -> None:
    text = (ROOT / file).read_text()
    new = pinned(text, lambda _: DIGEST)
    assert set(images(new).values()) == {f"@{DIGEST}"}
    assert new.replace(f"@{DIGEST}", "") == text
    assert pinned(new, lambda _: DIGEST) == new


def test_every_base_image_is_seen() -> None:
    stages = [
        line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:5] == "FROM "
    ]
    # Without a colon it is the name of another stage.
    assert {stage for stage in stages if ":" in stage} <= images((ROOT / "Dockerfile").read_text()).keys()
