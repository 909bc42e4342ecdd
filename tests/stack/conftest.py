from collections.abc import Iterator
from uuid import uuid4

import pytest

from fraudstream.settings import Settings
from localstack.emulator import embedded_emulator


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """Run an emulator that lives as long as the test session."""
    with embedded_emulator() as url:
        yield url


@pytest.fixture
def kinesis_settings(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Name streams of this test's own; the environment says the same to child processes."""
    suffix = uuid4().hex[:8]
    environment = {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "ap-southeast-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FRAUDSTREAM_TRANSACTIONS_STREAM": f"Transactions-{suffix}",
        "FRAUDSTREAM_ALERTS_STREAM": f"Alerts-{suffix}",
        "FRAUDSTREAM_DEAD_LETTERS_STREAM": f"DeadLetters-{suffix}",
        "FRAUDSTREAM_LABELS_STREAM": f"Labels-{suffix}",
        "FRAUDSTREAM_SCORED_STREAM": f"Scored-{suffix}",
    }
    for name in ("AWS_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN", "LOCALSTACK_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load(env_file=None)
