"""URLs of profile stores and the settings of their readers: errors have a remedy and no password."""

import pytest
from pydantic import SecretStr
from pydantic_settings import PydanticBaseSettingsSource, SettingsConfigDict

from fraudstream.profiles.profile_settings import ProfileStoreSettings
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import StoreUrl, parse_store_url
from fraudstream.runtime.settings import SettingsBase
from fraudstream.runtime.settings_sources import SettingsError

PASSWORD = "s3cr:t/@#?%"
ENCODED = "s3cr%3At%2F%40%23%3F%25"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:build/profiles.db", "sqlite:build/profiles.db"),
        ("sqlite:/a b/p@q.db", "sqlite:/a b/p@q.db"),
        ("dynamodb:Profiles", "dynamodb:Profiles"),
        (f"postgresql://bank:{ENCODED}@db.example/fraud", "postgresql://bank:***@db.example:5432/fraud"),
        ("postgresql://bank@127.0.0.1:5433/fraud", "postgresql://bank@127.0.0.1:5433/fraud"),
        (f"redis://:{ENCODED}@127.0.0.1:6380/3", "redis://:***@127.0.0.1:6380/3"),
        (f"rediss://reader:{ENCODED}@[::1]", "rediss://reader:***@[::1]:6379/0"),
        ("redis://localhost", "redis://localhost:6379/0"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    parts = parse_store_url(SecretStr(url))
    assert str(parts) == shown
    assert PASSWORD not in repr(parts)
    if ENCODED in url:
        assert parts.password is not None
        assert parts.password.get_secret_value() == PASSWORD


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "write sqlite:PATH"),
        ("profiles.db", "write sqlite:PATH"),
        ("mysql://u:hunter2@h/d", "write sqlite:PATH"),
        ("sqlite:", "write sqlite:PATH"),
        ("dynamodb:", "dynamodb:TABLE"),
        ("dynamodb:a b/hunter2", "dynamodb:TABLE"),
        ("postgresql://u:hunter2@h", "lacks a user or a database"),
        ("postgresql://h/d", "lacks a user or a database"),
        ("postgresql://u:hunter2@h:port/d", "percent-encode"),
        ("postgresql://u:hunt/er2@h:1/d", "percent-encode"),
        ("redis://:hunter2#@h:1/0", "percent-encode"),
        ("redis://:hunter2@[::1/0", "percent-encode"),
        ("redis://hunter2@h/0", "user without a password"),
        ("redis://u:12/hunter2@h/0", "percent-encode"),
        ("redis://u:12?hunter2@h/0", "percent-encode"),
        ("redis://u:12#hunter2@h/0", "percent-encode"),
        ("postgresql://u:12/hunter2@h/d", "lacks a user"),
        ("redis://:hunter2@h/cache", "number of a Redis database"),
        ("redis://:hunter2@h/0?ssl=1", "unknown parameter; known ones: none"),
        ("postgresql://u:hunter2@h/d?sslmode=prefer", "write one of disable, require, verify-full"),
        ("postgresql://u:hunter2@h/d?ssl=1", "known ones: sslmode, sslrootcert"),
    ],
)
def test_a_wrong_url_is_an_error_without_the_password(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        parse_store_url(SecretStr(url))
    assert "hunt" not in str(raised.value)
    with pytest.raises(ProfileStoreError, match=message):
        profile_store(SecretStr(url))


class _Settings(SettingsBase, ProfileStoreSettings):
    model_config = SettingsConfigDict(env_prefix="TEST_", extra="forbid", hide_input_in_errors=True)

    @classmethod
    def of(cls, **values: object) -> "_Settings":
        def sources(_: object, given: PydanticBaseSettingsSource) -> tuple[PydanticBaseSettingsSource]:
            return (given,)

        return cls.read(sources, **values)


def test_the_settings_keep_the_url_secret() -> None:
    settings = _Settings.of(profile_store="redis://:hunter2@h/0")
    assert settings.profile_store == SecretStr("redis://:hunter2@h/0")
    assert "hunter2" not in repr(settings) + repr(settings.table())


def test_a_wrong_store_in_the_settings_names_the_field_and_not_the_value() -> None:
    with pytest.raises(
        SettingsError, match=r"profile_store: \*+ can't be used: .*number of a Redis"
    ) as raised:
        _Settings.of(profile_store="redis://:hunter2@h/cache")
    assert "hunter2" not in str(raised.value)


def test_the_parts_of_a_url_are_those_of_its_store() -> None:
    url = SecretStr("postgresql://bank:x@db:1/fraud?sslmode=require&sslrootcert=/etc/ca.pem")
    assert parse_store_url(url) == StoreUrl(
        scheme="postgresql",
        path="fraud",
        host="db",
        port=1,
        user="bank",
        password=SecretStr("x"),
        parameters={"sslmode": "require", "sslrootcert": "/etc/ca.pem"},
    )
