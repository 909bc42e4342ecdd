import hashlib
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.datastructures import Headers

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.api_keys import ApiKey, Refused, key_hash, make_key, new_key, read_keys
from fraudstream.web.authentication import Authenticator
from fraudstream.web.scopes import Caller
from tests.unit.web.tiny_service import KEY, key_file, settings

SECRET = "a-shared-secret-of-more-than-32-bytes"
LONG_AFTER_S = (
    4_102_444_800  # 2100-01-01: a constant, because the test's id must be the same in every process
)


def identify(authenticator: Authenticator, **headers: str) -> Caller | Refused:
    return authenticator.identify(Headers({name.replace("_", "-"): text for name, text in headers.items()}))


def token(key: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """Sign claims, valid for a minute unless they say otherwise; a claim of None is left out."""
    whole = {"sub": "analyst", "exp": time.time() + 60} | claims
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, key, algorithm)


def bearer(authenticator: Authenticator, text: str) -> Caller | Refused:
    return identify(authenticator, authorization=f"Bearer {text}")


def hs256(**values: object) -> Authenticator:
    return Authenticator(settings(auth="on", jwt_algorithm="HS256", jwt_secret=SECRET, **values))


def test_a_known_key_gives_its_name(tmp_path: Path) -> None:
    file = key_file(tmp_path, ("loader", KEY, ""), ("other", "note_other", "a:read a:write"))
    authenticator = Authenticator(settings(auth="on", keys_file=file))
    assert identify(authenticator, x_api_key=KEY) == Caller("key:loader")
    assert identify(authenticator, x_api_key="note_other") == Caller(
        "key:other", frozenset({"a:read", "a:write"})
    )


@pytest.mark.parametrize(
    "key", ["", "note_", KEY[:-1], KEY + "x", KEY.upper(), hashlib.sha256(KEY.encode()).hexdigest()]
)
def test_an_unknown_key_gives_no_caller_and_is_not_repeated(key: str, tmp_path: Path) -> None:
    refused = identify(Authenticator(settings(auth="on", keys_file=key_file(tmp_path))), x_api_key=key)
    assert refused == Refused("unknown API key")


def test_the_key_file_contains_no_key(tmp_path: Path) -> None:
    assert KEY not in key_file(tmp_path).read_text()
    assert read_keys(key_file(tmp_path), "make") == [ApiKey("tester", key_hash(KEY))]


def test_two_new_keys_differ_and_have_256_bits() -> None:
    one, other = new_key("note_"), new_key("note_")
    assert one != other
    assert len(one.removeprefix("note_")) == 43


def test_a_new_key_has_its_line_for_the_key_file(tmp_path: Path) -> None:
    key, kept = make_key("loader", "note_", ["b:write", "a:read"])
    assert key.startswith("note_")
    assert kept.line() == f"loader {key_hash(key)} scopes=a:read,b:write"
    file = tmp_path / "keys"
    file.write_text(f"# keys\n\n  {kept.line()}  \nother\t{'0' * 64}\n")
    assert read_keys(file, "make") == [kept, ApiKey("other", "0" * 64)]


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 65])
def test_a_name_that_would_break_the_file_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match="give 1 to 64 letters"):
        make_key(name, "note_")


def test_a_scope_that_would_break_the_file_is_rejected() -> None:
    with pytest.raises(ValueError, match="invalid scope 'a,b'"):
        make_key("loader", "note_", ["a,b"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no key: add the line that `make NAME` prints"),
        ("# only a comment\n\n", "has no key"),
        ("loader abc\n", "line 1 .* can't be used"),
        (f"a {'0' * 64}\n\na {'1' * 64}\n", "line 3 .* repeats the name 'a'"),
        (f"a {'0' * 64} more\n", "line 1"),
        (f"a {'0' * 64} scopes=\n", "line 1 .* can't be used"),
        (f"a {'0' * 64} scopes=a:read,B\n", "line 1"),
        (f"a {'0' * 64} scopes=a:read more\n", "line 1"),
        (f"{KEY}\n", "line 1"),
    ],
)
def test_an_unusable_key_file_is_rejected_without_showing_its_content(
    text: str, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(SettingsError, match=reason) as refused:
        read_keys(file, "make NAME")
    assert KEY not in str(refused.value)


def test_a_jwt_gives_its_subject() -> None:
    assert bearer(hs256(), token()) == Caller("jwt:analyst")
    assert bearer(hs256(), token(sub=None)) == Caller("jwt:")


def test_the_scope_claim_of_a_jwt_gives_its_scopes() -> None:
    scopes = "a:read  https://other.example/b a:write"
    assert bearer(hs256(), token(scope=scopes)) == Caller(
        "jwt:analyst", frozenset({"a:read", "a:write", "https://other.example/b"})
    )
    assert bearer(hs256(), token(scope="")) == Caller("jwt:analyst")


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [(["a:read", "b:write", 7], {"a:read", "b:write"}), ({"a:read": True}, set()), (7, set()), (True, set())],
)
def test_a_scope_claim_may_be_a_list_and_other_types_give_no_scope(scope: object, scopes: set[str]) -> None:
    assert bearer(hs256(), token(scope=scope)) == Caller("jwt:analyst", frozenset(scopes))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (token(exp=time.time() - 60), "expired"),
        (token(exp=None), "MissingRequiredClaimError"),
        (token(key="another-secret-of-more-than-32-bytes"), "InvalidSignatureError"),
        (token(algorithm="HS512", key=SECRET * 2), "InvalidAlgorithmError"),
        (jwt.encode({"exp": LONG_AFTER_S}, "", "none"), "InvalidAlgorithmError"),
        (token(nbf=time.time() + 3600), "ImmatureSignatureError"),
        ("no.jwt.atall", "DecodeError"),
        ("", "DecodeError"),
    ],
)
def test_an_invalid_jwt_gives_no_caller(text: str, reason: str) -> None:
    refused = bearer(hs256(), text)
    assert isinstance(refused, Refused)
    assert reason in refused.reason


def test_audience_and_issuer_are_checked_if_configured() -> None:
    strict = hs256(jwt_audience="transactions", jwt_issuer="https://id.example")
    assert bearer(strict, token(aud="transactions", iss="https://id.example")) == Caller("jwt:analyst")
    for claims in (
        {},
        {"aud": "transactions"},
        {"iss": "https://id.example"},
        {"aud": "others", "iss": "https://id.example"},
        {"aud": "transactions", "iss": "https://other.example"},
    ):
        assert isinstance(bearer(strict, token(**claims)), Refused)
    assert bearer(hs256(), token(aud="anybody", iss="anybody")) == Caller("jwt:analyst")


def rsa_pair(folder: Path) -> tuple[str, Path]:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = folder / "public.pem"
    public.write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return pem.decode(), public


def test_rs256_accepts_only_tokens_signed_with_the_private_key(
    tmp_path: Path,
) -> None:
    private, public = rsa_pair(tmp_path)
    authenticator = Authenticator(settings(auth="on", jwt_algorithm="RS256", jwt_public_key_file=public))
    assert bearer(authenticator, token(key=private, algorithm="RS256")) == Caller("jwt:analyst")
    assert isinstance(bearer(authenticator, token(key=SECRET)), Refused)


def test_a_private_key_or_no_key_instead_of_the_public_one_is_rejected(tmp_path: Path) -> None:
    private, public = rsa_pair(tmp_path)
    chosen = settings(auth="on", jwt_algorithm="RS256", jwt_public_key_file=public)
    public.write_text(private)
    with pytest.raises(SettingsError, match="holds a private key"):
        Authenticator(chosen)
    for text in ("nothing", "ssh-rsa2 AAAA"):
        public.write_text(text)
        with pytest.raises(SettingsError, match="PEM file of an RSA public key"):
            Authenticator(chosen)


def test_a_key_file_that_cannot_be_read_is_refused_with_the_reason() -> None:
    # Nobody can read the first byte of this file, not even root.
    file = "/proc/self/mem"
    for ways in ({"keys_file": file}, {"jwt_algorithm": "RS256", "jwt_public_key_file": file}):
        with pytest.raises(
            SettingsError, match=r"_file: /proc/self/mem can't be read \(Input/output error\)"
        ):
            Authenticator(settings(auth="on", **ways))


def test_missing_credentials_are_answered_with_the_accepted_schemes(tmp_path: Path) -> None:
    authenticator = Authenticator(settings(auth="on", keys_file=key_file(tmp_path)))
    for headers in ({}, {"authorization": f"Bearer {token()}"}, {"authorization": f"Basic {KEY}"}):
        refused = identify(authenticator, **headers)
        assert isinstance(refused, Refused)
        assert "X-API-Key" in refused.reason


def test_a_wrong_key_is_rejected_even_with_a_valid_jwt(tmp_path: Path) -> None:
    authenticator = hs256(keys_file=key_file(tmp_path))
    headers = {"x_api_key": "wrong", "authorization": f"Bearer {token()}"}
    assert identify(authenticator, **headers) == Refused("unknown API key")
