"""Profiles that the job's Java stores write, from the packaged jars, are read by the Python stores."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from fraudstream.profiles.dynamo_profiles import DynamoProfiles
from fraudstream.profiles.profile_rows import ProfileProgress, ProfileRow
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.project_root import ROOT
from localstack.emulator import embedded_emulator
from tests.profile_servers import (
    ENCODED_PASSWORD,
    PASSWORD,
    aws_variables,
    postgres_url,
    redis_url,
)
from tests.unit.profiles.profile_samples import AWKWARD_IDS, EPOCH_MS, NOW_MS, incompressible, progress, row

PYFLINK = importlib.util.find_spec("pyflink")
assert PYFLINK is not None
assert PYFLINK.origin is not None
CLASS_PATH = os.pathsep.join(
    [
        *(str(ROOT / "build" / f"fraudstream-{name}.jar") for name in ("core", "profiles")),
        str(Path(PYFLINK.origin).parent / "lib" / "*"),
    ]
)
"""The jars beside Flink's own, which have the interface that the drivers log through."""
PROGRAM = str(Path(__file__).with_name("WriteProfiles.java"))
SIZES = (0, 1, 350_000, 500_000, 1_100_000)


def java(url: str, lines: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run the program that writes lines of rows to a store."""
    program = shutil.which("java")
    assert program is not None
    options = ["aws.region=ap-southeast-1"]
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        options.append(f"aws.endpoint={endpoint}")
    return subprocess.run(
        [program, "-XX:TieredStopAtLevel=1", "-cp", CLASS_PATH, PROGRAM, *options],
        input="\n".join((url, *lines)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def line_of(rows: Sequence[ProfileRow]) -> str:
    return " ".join(
        f"{each.key.entity.encode().hex()},{each.key.id.encode().hex()},{each.epoch_ms},{each.ordinal},"
        f"{each.updated_ms},{each.expires_ms},{each.profile.hex()}"
        for each in rows
    )


def line_of_progress(each: ProfileProgress) -> str:
    entity = each.entity.encode().hex()
    return f"!{entity},{each.task},{each.tasks},{each.epoch_ms},{each.written_until_ms}"


@pytest.fixture(params=["sqlite", "postgresql", "redis", "dynamodb"])
def store_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Yield the URL of an empty store; DynamoDB has its table already."""
    if request.param == "sqlite":
        yield f"sqlite:{tmp_path / 'profiles.db'}"
    elif request.param == "dynamodb":
        with embedded_emulator() as endpoint:
            for name, value in aws_variables(endpoint).items():
                monkeypatch.setenv(name, value)
            url = "dynamodb:Profiles"
            store = DynamoProfiles(parse_store_url(SecretStr(url)), timeout_s=10.0)
            store.create()
            store.close()
            yield url
    else:
        with (postgres_url if request.param == "postgresql" else redis_url)() as url:
            yield url


def test_python_reads_the_rows_that_java_writes_and_both_replace_alike(store_url: str) -> None:
    awkward = [row(entity_id, ordinal=2**53 - 1) for entity_id in AWKWARD_IDS]
    sizes = [row(f"size {size}", entity="device_id", profile=incompressible(size)) for size in SIZES]
    kept, replaced = row("kept", ordinal=5), row("replaced", ordinal=5)
    older = row("kept", epoch_ms=EPOCH_MS - 1, ordinal=9, profile=b"older")
    newer = row("replaced", ordinal=5, profile=b"newer")
    expired = row("expired", ordinal=5, expires_ms=NOW_MS - 1)
    anew = row("expired", ordinal=1, profile=b"anew")
    reports = [progress(task=1, tasks=2, until_ms=7), progress("device_id", until_ms=8)]
    written = java(
        store_url,
        [
            line_of(awkward),
            line_of(sizes),
            line_of([kept, replaced, expired]),
            line_of([older, newer, anew]),
            *map(line_of_progress, [progress(task=1, tasks=2, until_ms=1), *reports]),
        ],
    )
    assert written.returncode == 0, written.stderr
    store = profile_store(SecretStr(store_url), timeout_s=10.0)
    expected = [*awkward, *sizes, kept, newer, anew]
    assert store.read([each.key for each in expected]) == expected
    assert sorted(store.progress(), key=str) == sorted(reports, key=str)
    store.write([row("replaced", ordinal=4)], NOW_MS)
    assert store.read([newer.key]) == [newer]
    store.close()
    if "@" in store_url:
        refused = java(store_url.replace(ENCODED_PASSWORD, "hunter2"), [line_of([kept])])
        assert refused.returncode == 1
        assert "can't be opened" in refused.stderr
        assert not [secret for secret in ("hunter2", PASSWORD) if secret in refused.stderr]
