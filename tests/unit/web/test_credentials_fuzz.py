"""Arbitrary bytes as key files, certificates and tokens: a clear refusal, without anything that was given."""

import base64
import hmac
import json
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x448
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.api_keys import Refused, key_hash, read_keys
from fraudstream.web.authentication import Authenticator
from fraudstream.web.json_web_tokens import JwtVerifier
from fraudstream.web.scopes import Caller
from tests.fuzz_budget import examples
from tests.mutations import JSON_TEXTS, MANY_DEEP, damaged, rewritten
from tests.refusals import Refusal, outcome
from tests.unit.web.test_tls import pem_files
from tests.unit.web.tiny_service import key_file, settings

MARK: Final = "Zq7vKd2mWz4R"
"""Part of every secret."""
SECRET: Final = f"{MARK}-a-shared-secret-of-more-than-32-bytes"
KEY: Final = f"note_{MARK}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("credentials")


# ---- key files ----

DIGEST: Final = key_hash(KEY)
SCOPES: Final = st.sampled_from(
    ("", " scopes=a:read", " scopes=a:read,b", " scopes=", " scopes=A", " a:read", "\x85")
)
KEY_LINES: Final = st.one_of(
    st.tuples(st.sampled_from("abc"), SCOPES).map(lambda drawn: f"{drawn[0]} {DIGEST}{drawn[1]}".encode()),
    st.sampled_from((b"", b"# note", f"a {KEY}".encode(), f"# {KEY}".encode(), DIGEST.encode(), b"a" * 65)),
    damaged(f"a {DIGEST}".encode()),
    st.binary(max_size=20),
)


@examples(100)
@given(st.lists(KEY_LINES, max_size=5).map(b"\n".join))
def test_any_bytes_give_keys_or_the_number_of_the_invalid_line(folder: Path, content: bytes) -> None:
    path = folder / "keys"
    path.write_bytes(content)
    keys = outcome(lambda: read_keys(path, "tiny key NAME"), SettingsError)
    if isinstance(keys, Refusal):
        assert str(path) in keys.message
        assert MARK not in keys.message
        return
    assert keys
    path.write_text("\n".join(key.line() for key in keys))
    assert read_keys(path, "tiny key NAME") == keys


# ---- keys of signatures ----


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x448.X448PrivateKey,
) -> list[bytes]:
    """Return a private key, encrypted and not, and its public key."""
    ways = (serialization.NoEncryption(), serialization.BestAvailableEncryption(b"password"))
    private = [
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, way) for way in ways
    ]
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return [*private, public]


RSA: Final = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEMS: Final = [
    *pem(RSA) * 2,
    *pem(ec.generate_private_key(ec.SECP256R1())),
    *pem(ed25519.Ed25519PrivateKey.generate()),
    *pem(x448.X448PrivateKey.generate()),
    RSA.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
]


def recoded(text: bytes) -> st.SearchStrategy[bytes]:
    """Draw a PEM text of damaged bytes that are written as base64 again."""
    first, *body, last = text.splitlines()
    return damaged(base64.b64decode(b"".join(body))).map(
        lambda data: b"\n".join((first, base64.b64encode(data), last, b""))
    )


def without_secrets(message: str, content: bytes) -> bool:
    return not any(text in message.encode() for text in content.splitlines() if len(text) > 30)


@examples(100)
@given(
    st.sampled_from(PEMS[:-1]).flatmap(recoded)
    | st.sampled_from(PEMS).flatmap(damaged)
    | st.binary(max_size=60)
)
@example(PEMS[0])
@example(PEMS[2])
def test_any_bytes_as_a_public_key_verify_tokens_or_are_refused(folder: Path, content: bytes) -> None:
    path = folder / "public.pem"
    path.write_bytes(content)
    chosen = settings(auth="on", jwt_algorithm="RS256", jwt_public_key_file=path)
    verifier = outcome(lambda: JwtVerifier(chosen), SettingsError)
    if isinstance(verifier, Refusal):
        assert str(path) in verifier.message
        assert without_secrets(verifier.message, content)
        return
    assert isinstance(verifier.identify(token(b'{"alg":"RS256"}', CLAIMS)), Refused)


def odd_pems(text: bytes) -> st.SearchStrategy[bytes]:
    encrypted = [each for each in PEMS if b"ENCRYPTED" in each]
    return st.one_of(
        damaged(text),
        recoded(text),
        st.sampled_from(PEMS),
        st.sampled_from(encrypted),
        st.binary(max_size=40),
    )


@pytest.fixture(scope="module")
def pair(folder: Path) -> tuple[bytes, bytes]:
    files = pem_files(folder)
    return Path(files["tls_certificate_file"]).read_bytes(), Path(files["tls_key_file"]).read_bytes()


@examples(60)
@given(data=st.data(), intact=st.sampled_from((0, 0, 1, None)))
def test_any_bytes_as_a_certificate_and_key_serve_or_are_refused(
    folder: Path, pair: tuple[bytes, bytes], data: st.DataObject, intact: int | None
) -> None:
    contents = [
        text if place == intact else data.draw(odd_pems(text), f"file {place}")
        for place, text in enumerate(pair)
    ]
    names = ["certificate.pem", "key.pem"]
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
    found = outcome(
        lambda: settings(tls_certificate_file=folder / names[0], tls_key_file=folder / names[1]),
        SettingsError,
    )
    if isinstance(found, Refusal):
        assert "give a pair of PEM files" in found.message
        assert all(without_secrets(found.message, content) for content in contents)


# ---- tokens ----

ALGORITHM: Final = b'{"alg":"HS256","typ":"JWT"}'
FAR_S: Final = 4_102_444_800
FIELDS: Final = {"sub": "analyst", "exp": FAR_S, "scope": f"a:read {MARK}", "aud": "x", "nbf": 0, "iat": 0}
CLAIMS: Final = json.dumps(FIELDS).encode()


def encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(header: bytes, claims: bytes) -> str:
    """Return a token of any contents whose signature is right for HS256."""
    signed = encoded(header) + b"." + encoded(claims)
    return (signed + b"." + encoded(hmac.digest(SECRET.encode(), signed, "sha256"))).decode()


HEADERS: Final = rewritten({"alg": "HS256", "typ": "JWT"}, ["alg", "typ", "crit", "kid", "b64", "jku", "jwk"])
CONTENTS: Final = rewritten(FIELDS, [*FIELDS, "iss", "jti"]) | damaged(CLAIMS) | JSON_TEXTS | MANY_DEEP
TOKENS: Final = st.one_of(
    st.builds(token, st.just(ALGORITHM), CONTENTS),
    st.builds(token, HEADERS | JSON_TEXTS | MANY_DEEP, st.just(CLAIMS)),
    damaged(token(ALGORITHM, CLAIMS).encode()).map(lambda data: data.decode("latin-1")),
    st.text(st.characters(max_codepoint=255), max_size=60),
)


@pytest.fixture(scope="module")
def authenticators(folder: Path) -> list[Authenticator]:
    (folder / "good.pem").write_bytes(PEMS[2])
    public = {"jwt_algorithm": "RS256", "jwt_public_key_file": folder / "good.pem"}
    shared = {"jwt_algorithm": "HS256", "jwt_secret": SECRET}
    keys = key_file(folder, ("tester", KEY, ""))
    return [
        Authenticator(settings(auth="on", **ways))
        for ways in (shared, shared | {"jwt_audience": "x", "jwt_issuer": "y"}, public, {"keys_file": keys})
    ]


@examples(200)
@given(text=TOKENS)
@example(text=token(ALGORITHM, CLAIMS))
@example(text=token(ALGORITHM, b'{"exp":1e999}'))
@example(text=token(ALGORITHM, b"[" * 2_900 + b"]" * 2_900))
@example(text=token(b"[" * 2_900 + b"]" * 2_900, CLAIMS))
def test_any_token_gives_a_caller_or_a_refusal_that_repeats_nothing(
    authenticators: list[Authenticator], text: str
) -> None:
    shared, *others = authenticators
    for authenticator in authenticators:
        for headers in ({"Authorization": f"Bearer {text}"}, {"Authorization": text}, {"X-API-Key": text}):
            found = authenticator.identify(Headers(headers))
            assert isinstance(found, Caller | Refused)
            if isinstance(found, Refused):
                assert MARK not in found.reason
            else:
                assert authenticator is shared or authenticator is others[0]


def test_the_key_and_the_token_of_the_samples_are_accepted(authenticators: list[Authenticator]) -> None:
    found = authenticators[-1].identify(Headers({"X-API-Key": KEY}))
    assert found == Caller("key:tester")
    found = authenticators[0].identify(Headers({"Authorization": f"Bearer {token(ALGORITHM, CLAIMS)}"}))
    assert found == Caller("jwt:analyst", frozenset({"a:read", MARK}))
