from pathlib import Path
from typing import Any

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from tests.unit.web.tiny_service import TinySettings, settings

SECRET = "a-secret-that-nobody-may-ever-see-in-a-log"


def test_by_default_a_service_listens_on_loopback_and_requires_authentication() -> None:
    found = settings()
    assert (found.host, found.port, found.cors_origins) == ("127.0.0.1", 8_000, ())
    assert TinySettings.model_fields["auth"].default == "on"


def test_a_service_without_any_way_to_authenticate_is_rejected_with_the_options() -> None:
    with pytest.raises(SettingsError, match="needs keys or JWTs") as refused:
        TinySettings.load(env_file=None)
    for way in ("TINY_KEYS_FILE", "`tiny key NAME`", "TINY_JWT_ALGORITHM", "TINY_AUTH=off"):
        assert way in str(refused.value)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"port": 70_000}, r"port: 70000 can't be used: .*65535"),
        ({"rate_limit": "often"}, r"rate_limit: 'often' can't be used: write a count and a unit"),
        ({"rate_limit": "0/second"}, r"rate_limit: '0/second' can't be used"),
        ({"cors_origins": "https://bank.example/path"}, r"invalid origin"),
        ({"cors_origins": "*"}, r"invalid origin"),
        ({"keys_file": "/nowhere"}, r"keys_file: '/nowhere' can't be used: file not found"),
        ({"keys_file": "/" + "x" * 300}, r"keys_file: .* can't be looked up \(File name too long\)"),
        ({"jwt_algorithm": "none"}, r"jwt_algorithm: 'none' can't be used"),
        ({"jwt_algorithm": "HS256"}, r"jwt_secret: HS256 needs a secret of at least 32 bytes"),
        ({"jwt_algorithm": "RS256"}, r"jwt_public_key_file: RS256 needs the public key"),
        ({"jwt_secret": SECRET}, r"jwt_secret is only used with HS256"),
        ({"jwt_public_key_file": __file__}, r"jwt_public_key_file is only used with RS256"),
        ({"jwt_secret": SECRET}, r"set TINY_JWT_ALGORITHM=HS256"),
        ({"max_body_bytes": 63}, r"max_body_bytes: 63 can't be used"),
    ],
)
def test_an_invalid_value_is_rejected_with_name_value_and_fix(values: dict[str, Any], remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy):
        settings(**values)


def test_the_environment_is_read_and_a_misspelt_name_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_AUTH", "off")
    monkeypatch.setenv("TINY_COLOUR", "red")
    monkeypatch.setenv("TINY_CORS_ORIGINS", "https://a.example, http://b.example:3000")
    monkeypatch.setenv("TINY_URL", "http://127.0.0.1:8000")
    found = TinySettings.load(env_file=None)
    assert (found.colour, found.cors_origins) == ("red", ("https://a.example", "http://b.example:3000"))
    monkeypatch.setenv("TINY_AUHT", "off")
    with pytest.raises(SettingsError, match=r"TINY_AUHT: unknown setting; docs/tiny.md lists"):
        TinySettings.load(env_file=None)


def test_a_settings_file_takes_precedence_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TINY_AUTH", "off")
    monkeypatch.setenv("TINY_PORT", "1111")
    file = tmp_path / "env"
    file.write_text("TINY_PORT=2222\nTINY_URL=http://x\nOTHER=1\n")
    assert TinySettings.load(env_file=file).port == 2222
    assert TinySettings.load(env_file=file, port=3333).port == 3333
    file.write_text("TINY_PROT=2222\n")
    with pytest.raises(SettingsError, match="TINY_PROT"):
        TinySettings.load(env_file=file)


def test_no_text_form_of_the_settings_contains_a_secret() -> None:
    found = settings(jwt_algorithm="HS256", jwt_secret=SECRET)
    assert found.jwt_secret is not None
    assert found.jwt_secret.get_secret_value() == SECRET
    assert SECRET not in f"{found!r}{found}{found.table()}"


def test_an_error_message_does_not_contain_the_secret() -> None:
    short = "short-secret"
    for values in ({"jwt_algorithm": "HS256", "jwt_secret": short}, {"jwt_secret": [short]}):
        with pytest.raises(SettingsError) as refused:
            settings(**values)
        assert short not in str(refused.value)
