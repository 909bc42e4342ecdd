import re
from pathlib import Path
from typing import Any

import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from producer.api.settings import ENV_PREFIX, ApiSettings
from tests.unit.producer.api.api_helpers import settings

SECRET = "a-secret-that-nobody-may-ever-see-in-a-log"


def test_the_defaults_are_those_that_the_stream_is_known_by() -> None:
    found = settings()
    assert (found.frequency_seconds, found.fraud_injection_rate, found.batch_size) == (1.0, 0.05, 1)
    assert (found.host, found.port, found.cors_origins) == ("127.0.0.1", 8_000, ())
    assert ApiSettings.model_fields["auth"].default == "on"


def test_an_api_that_nobody_could_use_is_refused_with_the_ways_out() -> None:
    with pytest.raises(SettingsError, match="nobody could get in") as refused:
        ApiSettings.load(env_file=None)
    for way in ("TRANSACTION_API_KEYS_FILE", "key NAME", "TRANSACTION_API_JWT_ALGORITHM", "AUTH=off"):
        assert way in str(refused.value)


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"port": 70_000}, r"port: 70000 can't be used: .*65535"),
        ({"fraud_injection_rate": 1.0}, r"fraud_injection_rate: 1.0 can't be used: .*0\.9"),
        ({"frequency_seconds": float("nan")}, r"frequency_seconds: nan can't be used"),
        ({"batch_size": 0}, r"batch_size: 0 can't be used: .*1"),
        ({"rate_limit": "often"}, r"rate_limit: 'often' can't be used: write a count and a unit"),
        ({"rate_limit": "0/second"}, r"rate_limit: '0/second' can't be used"),
        ({"cors_origins": "https://bank.example/path"}, r"is no origin"),
        ({"cors_origins": "*"}, r"is no origin"),
        ({"keys_file": "/nowhere"}, r"keys_file: '/nowhere' can't be used: there is no such file"),
        ({"jwt_algorithm": "none"}, r"jwt_algorithm: 'none' can't be used"),
        ({"jwt_algorithm": "HS256"}, r"jwt_secret: HS256 needs one of at least 32 bytes"),
        ({"jwt_algorithm": "RS256"}, r"jwt_public_key_file: RS256 needs the public key"),
        ({"jwt_secret": SECRET}, r"jwt_secret goes with HS256"),
        ({"jwt_public_key_file": __file__}, r"jwt_public_key_file goes with RS256"),
    ],
)
def test_what_cant_be_used_is_refused_with_name_value_and_remedy(values: dict[str, Any], remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy):
        settings(**values)


def test_the_environment_is_read_and_a_misspelt_name_in_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSACTION_API_AUTH", "off")
    monkeypatch.setenv("TRANSACTION_API_CORS_ORIGINS", "https://a.example, http://b.example:3000")
    monkeypatch.setenv("TRANSACTION_API_URL", "http://127.0.0.1:8000")
    assert ApiSettings.load(env_file=None).cors_origins == ("https://a.example", "http://b.example:3000")
    monkeypatch.setenv("TRANSACTION_API_AUHT", "off")
    with pytest.raises(SettingsError, match="TRANSACTION_API_AUHT: there is no such setting"):
        ApiSettings.load(env_file=None)


def test_a_file_of_settings_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRANSACTION_API_AUTH", "off")
    monkeypatch.setenv("TRANSACTION_API_PORT", "1111")
    file = tmp_path / "env"
    file.write_text("TRANSACTION_API_PORT=2222\nTRANSACTION_API_URL=http://x\nOTHER=1\n")
    assert ApiSettings.load(env_file=file).port == 2222
    assert ApiSettings.load(env_file=file, port=3333).port == 3333
    file.write_text("TRANSACTION_API_PROT=2222\n")
    with pytest.raises(SettingsError, match="TRANSACTION_API_PROT"):
        ApiSettings.load(env_file=file)


def test_a_secret_is_in_no_text_made_of_the_settings() -> None:
    found = settings(jwt_algorithm="HS256", jwt_secret=SECRET)
    assert found.jwt_secret is not None
    assert found.jwt_secret.get_secret_value() == SECRET
    assert SECRET not in f"{found!r}{found}{found.table()}"


def test_a_secret_is_not_in_the_refusal_of_it_either() -> None:
    short = "short-secret"
    for values in ({"jwt_algorithm": "HS256", "jwt_secret": short}, {"jwt_secret": [short]}):
        with pytest.raises(SettingsError) as refused:
            settings(**values)
        assert short not in str(refused.value)


def test_the_table_of_the_settings_in_the_documentation_is_complete_and_true() -> None:
    text = (ROOT / "docs" / "transaction-api.md").read_text()
    rows = re.findall(r"^\| `(TRANSACTION_API_\w+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    documented = {name: (default.strip("`"), meaning) for name, default, meaning in rows}
    expected = {
        f"{ENV_PREFIX}{name.upper()}": (_default(field.default), field.description)
        for name, field in ApiSettings.model_fields.items()
    }
    assert documented == expected


def _default(value: object) -> str:
    return "none" if value in (None, ()) else str(value)
