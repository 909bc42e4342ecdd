"""A port that another program has is an error that names the option."""

import socket
from collections.abc import Iterator

import pytest

from fraudstream.runtime.loopback import occupied
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.http_server import run_server
from jobs.environment import check_rest_port
from jobs.job_settings import JobSettings
from tests.unit.web.tiny_service import settings, tiny_app


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_an_occupied_port_is_found(port: int) -> None:
    assert occupied("127.0.0.1", port) == f"cannot listen on 127.0.0.1 port {port} (Address already in use)"


def test_a_port_is_free_again_when_its_program_has_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ended:
        released: int = ended.getsockname()[1]
    assert occupied("127.0.0.1", released) is None
    assert occupied("127.0.0.1", 0) is None


def test_an_address_of_another_machine_is_refused() -> None:
    assert occupied("192.0.2.1", 0) == "cannot listen on 192.0.2.1 port 0 (Cannot assign requested address)"


def test_a_service_names_the_option_of_its_port(port: int) -> None:
    with pytest.raises(SettingsError, match=rf"port: .* port {port} .*choose another one with --port"):
        run_server(tiny_app(), settings(port=port))


def test_the_job_names_the_option_of_its_rest_port(port: int) -> None:
    with pytest.raises(SettingsError, match=rf"rest_port: .* port {port} .*another port with --rest-port"):
        check_rest_port(JobSettings.load(["--rest-port", str(port)]))
    check_rest_port(JobSettings.load([]))
