import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import producer.api
from fraudstream.web.api_keys import ApiKey, key_hash, read_keys
from producer.api.__main__ import command


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ignore the settings of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRANSACTION_API_AUTH", raising=False)


def test_a_key_is_printed_once_with_its_line_for_the_key_file(tmp_path: Path) -> None:
    made = CliRunner().invoke(command, ["key", "loader"])
    assert made.exit_code == 0
    (key,) = re.findall(r"txn_\S+", made.stdout)
    line = made.stdout.splitlines()[1].partition(":")[2].strip()
    assert line == f"loader {key_hash(key)}"
    file = tmp_path / "keys"
    file.write_text(line)
    assert read_keys(file, "key NAME") == [ApiKey("loader", key_hash(key))]


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 65])
def test_a_name_that_would_break_the_file_is_rejected(name: str) -> None:
    refused = CliRunner().invoke(command, ["key", name])
    assert refused.exit_code == 2
    assert "txn_" not in refused.stdout


def test_an_api_without_any_way_to_authenticate_does_not_start() -> None:
    refused = CliRunner().invoke(command, [])
    assert refused.exit_code == 2
    assert "needs keys or JWTs" in refused.stderr


def test_an_invalid_port_is_rejected() -> None:
    refused = CliRunner().invoke(command, ["--port", "70000"])
    assert refused.exit_code == 2
    assert "port: 70000" in refused.stderr


def test_the_application_of_the_package_is_rejected_with_the_same_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "app" not in vars(producer.api)
    with pytest.raises(SystemExit) as refused:
        _ = producer.api.app
    assert refused.value.code == 2
    assert "needs keys or JWTs" in capsys.readouterr().err


def test_the_application_of_the_package_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSACTION_API_AUTH", "off")
    monkeypatch.setattr("fraudstream.web.http_server.configure_service_logging", lambda *_: None)
    try:
        assert producer.api.app is producer.api.app
    finally:
        vars(sys.modules["producer.api"]).pop("app", None)


def test_the_package_has_no_other_lazy_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = producer.api.nothing
