"""TLS of a server: version 1.2 or newer, with forward secrecy and authenticated encryption."""

import ssl
from pathlib import Path
from typing import Final

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: those that RFC 9325, section 4.2 recommends. TLS 1.3 has no others than good ones."""


class EncryptedKeyError(ValueError):
    """The private key's file needs a password."""


def server_context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    """Return the context of a server with this certificate chain and private key, both in PEM files.

    Raises `EncryptedKeyError`, `OSError` or `ssl.SSLError` if they can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(certificate_file, key_file, password=_no_password)
    return context


def _no_password() -> str:
    # OpenSSL would ask for it on the terminal, and a service has none.
    msg = "the key is encrypted; give one without a password, in a file that only the service can read"
    raise EncryptedKeyError(msg)
