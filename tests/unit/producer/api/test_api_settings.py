from typing import Any

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from producer.api.api_settings import ApiSettings
from tests.unit.producer.api.api_helpers import settings


def test_the_defaults_are_the_documented_ones_of_the_stream() -> None:
    found = settings()
    assert (found.frequency_seconds, found.fraud_injection_rate, found.batch_size) == (1.0, 0.05, 1)
    assert (found.host, found.port, found.cors_origins) == ("127.0.0.1", 8_000, ())
    assert ApiSettings.model_fields["auth"].default == "on"


def test_an_api_without_any_way_to_authenticate_is_rejected_with_the_options() -> None:
    with pytest.raises(SettingsError, match="needs keys or JWTs") as refused:
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
    ],
)
def test_an_invalid_value_is_rejected_with_name_value_and_fix(values: dict[str, Any], remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy):
        settings(**values)


def test_the_environment_is_read_and_a_misspelt_name_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSACTION_API_AUTH", "off")
    monkeypatch.setenv("TRANSACTION_API_CORS_ORIGINS", "https://a.example, http://b.example:3000")
    monkeypatch.setenv("TRANSACTION_API_URL", "http://127.0.0.1:8000")
    assert ApiSettings.load(env_file=None).cors_origins == ("https://a.example", "http://b.example:3000")
    monkeypatch.setenv("TRANSACTION_API_AUHT", "off")
    with pytest.raises(SettingsError, match="TRANSACTION_API_AUHT: unknown setting"):
        ApiSettings.load(env_file=None)
