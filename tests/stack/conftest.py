import gc
from collections.abc import Iterator

import pytest

from jobs.job_settings import JobSettings
from localstack.emulator import embedded_emulator
from tests.stack.localstack_runtime import find_python, installed, real_localstack
from tests.stack.stack_helpers import settings_with_own_streams


@pytest.fixture(autouse=True)
def named_leaks() -> Iterator[None]:
    """Collect garbage after each test: a socket that it left open is its failure, and not a later one's."""
    yield
    gc.collect()


@pytest.fixture(scope="session", params=["embedded", "localstack"])
def emulator(request: pytest.FixtureRequest) -> str:
    """Return the name of the emulator; a module that needs one only overrides ``kinesis_settings``.

    An override of this fixture would get the cached ``emulator_url`` of the module before it.
    """
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def emulator_url(emulator: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of the emulator, which runs for the whole test session."""
    url: str = request.getfixturevalue(f"{emulator}_url")
    return url


@pytest.fixture(scope="session")
def embedded_url() -> Iterator[str]:
    """Run the project's own emulator."""
    with embedded_emulator() as url:
        yield url


@pytest.fixture(scope="session")
def localstack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the LocalStack of docker-compose.yml, without Docker."""
    python = find_python()
    if python is None:
        pytest.skip("LocalStack 4.14 needs Python 3.13, and this machine has none")
    with real_localstack(installed(python), tmp_path_factory.mktemp("localstack")) as url:
        yield url


@pytest.fixture
def kinesis_settings(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Name streams for this test alone and export the names to child processes."""
    return settings_with_own_streams(emulator_url, monkeypatch)
