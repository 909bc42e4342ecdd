"""HTTPS with a certificate made by the test."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web import server_loop
from tests.unit.web.running_server import PATIENCE_S, everything, running
from tests.unit.web.tiny_service import settings, tiny_app

REQUEST = b"GET /health HTTP/1.1\r\nHost: tiny.test\r\nConnection: close\r\n\r\n"


def pem_files(folder: Path, password: bytes | None = None) -> dict[str, str]:
    """Write a certificate of 127.0.0.1 and its key; return the settings with their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tiny.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encryption = (
        serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return {
        "tls_certificate_file": str(folder / "certificate.pem"),
        "tls_key_file": str(folder / "key.pem"),
    }


def app_with(pem: dict[str, str]) -> FastAPI:
    return tiny_app(**dict[str, Any](pem))


def test_https_is_served_with_tls_1_2_or_newer_and_remembered_by_browsers(tmp_path: Path) -> None:
    pem = pem_files(tmp_path)
    with running(app_with(pem), **pem) as server:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = ssl.create_default_context(cafile=pem["tls_certificate_file"])
            client.minimum_version = client.maximum_version = version
            with client.wrap_socket(server.connect(), server_hostname="127.0.0.1") as connection:
                connection.sendall(REQUEST)
                response = everything(connection)
            assert response.startswith(b"HTTP/1.1 200")
            assert b"strict-transport-security: max-age=31536000" in response.lower()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_a_client_of_tls_1_1_is_refused(tmp_path: Path) -> None:
    pem = pem_files(tmp_path)
    with running(app_with(pem), **pem) as server:
        client = ssl.create_default_context(cafile=pem["tls_certificate_file"])
        client.set_ciphers("ALL:@SECLEVEL=0")
        client.minimum_version = ssl.TLSVersion.TLSv1_1
        client.maximum_version = ssl.TLSVersion.TLSv1_1
        with server.connect() as plain, pytest.raises((ssl.SSLError, ConnectionResetError)):
            client.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_handshake_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_loop, "HANDSHAKE_TIMEOUT_S", 0.2)
    pem = pem_files(tmp_path)
    with running(app_with(pem), **pem) as server, server.connect() as connection:
        assert everything(connection) == b""


def test_plain_http_is_not_understood_by_an_https_server(tmp_path: Path) -> None:
    pem = pem_files(tmp_path)
    with running(app_with(pem), **pem) as server, server.connect(REQUEST) as connection:
        assert b"HTTP/1.1" not in everything(connection)


def refusal(**values: object) -> str:
    with pytest.raises(SettingsError) as refused:
        settings(**values)
    return str(refused.value)


def test_keys_do_not_cross_a_network_readable_unless_asked_for(tmp_path: Path) -> None:
    text = refusal(host="10.1.2.3")
    assert "host '10.1.2.3' is not a loopback address" in text
    assert "TINY_TLS_CERTIFICATE_FILE" in text
    assert "TINY_PLAIN_HTTP=anywhere" in text
    for host in ("127.0.0.1", "::1", "localhost"):
        assert settings(host=host).host == host
    assert settings(host="10.1.2.3", plain_http="anywhere").host == "10.1.2.3"
    assert settings(host="10.1.2.3", **pem_files(tmp_path)).host == "10.1.2.3"


def test_files_that_are_not_a_pair_of_certificate_and_key_are_refused(tmp_path: Path) -> None:
    pem = pem_files(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    assert "tls_certificate_file needs TINY_TLS_KEY_FILE" in refusal(
        tls_certificate_file=pem["tls_certificate_file"]
    )
    assert "tls_key_file needs TINY_TLS_CERTIFICATE_FILE" in refusal(tls_key_file=pem["tls_key_file"])
    assert "give a pair of PEM files" in refusal(**pem | {"tls_key_file": pem_files(other)["tls_key_file"]})
    assert "the key is encrypted" in refusal(**pem_files(other, b"secret"))
    assert "file not found" in refusal(**pem | {"tls_key_file": str(tmp_path / "none")})


def test_proxies_are_addresses_or_networks() -> None:
    assert settings(trusted_proxies="10.0.0.1, 10.1.0.0/16").trusted_proxies == ("10.0.0.1", "10.1.0.0/16")
    assert "invalid proxy '*'" in refusal(trusted_proxies="*")
    assert "invalid proxy '10.0.0.1/8'" in refusal(trusted_proxies="10.0.0.1/8")


def test_a_socket_of_the_server_is_closed_with_the_test() -> None:
    with running(tiny_app()) as server:
        port = server.port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
