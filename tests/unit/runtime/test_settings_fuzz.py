"""Arbitrary text in settings files and variables: settings, or an error in words; never a secret in it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.alert_settings import AlertSettings
from fraudstream.runtime.aws_credentials import CREDENTIAL_NAMES, export_aws_credentials
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.settings import SettingsBase
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.streams.stream_settings import StreamSettings
from jobs.job_settings import JobSettings
from producer.api.api_settings import ApiSettings
from tests.fuzz_budget import examples
from tests.mutations import JSON_TEXTS, MANY_DEEP, VALUES, damaged, rewritten
from tests.refusals import Refusal, outcome

Load = Callable[[Path | None], SettingsBase]
MARK = "Zq7vKd2mWz4R"
"""Part of every secret."""
HEX_KEY = "0123456789abcdef0123456789abcdef"
LOADS: list[tuple[Load, type[SettingsBase]]] = [
    (lambda path: JobSettings.load(env_file=path), JobSettings),
    (lambda path: StreamSettings.load(env_file=path), StreamSettings),
    (lambda path: AlertSettings.load(env_file=path), AlertSettings),
    (lambda path: ApiSettings.load(env_file=path), ApiSettings),
]
SECRETS = ("FRAUDSTREAM_HASH_KEY", "ALERTS_WEBHOOK_SECRET", "TRANSACTION_API_JWT_SECRET")
PREFIXES = ("FRAUDSTREAM_", "ALERTS_", "TRANSACTION_API_", "AWS_", "LOCALSTACK_")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


def names_of(kind: type[SettingsBase]) -> list[str]:
    """Return the variables of the settings that are no secret, some that are nearly right, and others."""
    prefix = str(kind.model_config.get("env_prefix"))
    own = [f"{prefix}{field.upper()}" for field in kind.model_fields]
    nested = [f"{prefix}EMULATOR__{each}" for each in ("ENABLED", "POLL_INTERVAL_MS", "X", "", "A__B")]
    others = ["AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCOUNT_ID", "LOCALSTACK_HOST", "EDITOR", prefix]
    misspelt = [f"{own[0]}S", f"{own[0]}__A", own[1].lower(), f"{prefix}É", f"{prefix}\u017f"]
    return [name for name in (*own, *nested, *others, *misspelt) if name not in SECRETS]


TEXTS = (
    st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=20)
    | JSON_TEXTS.map(lambda text: text.decode("latin-1"))
    | MANY_DEEP.map(bytes.decode)
    | st.sampled_from(
        (
            *("4", "0", "-1", "on", "off", "true", "5m", "9" * 30 + "d", "9" * 5_000 + "ms", "1e309", "inf"),
            *("http://[", "http://a:99999", "http://:1", "https://a:b", "http://[::1]:4566/", "a:0", "a:1"),
            *(
                "x" * 300,
                "x" * 5_000,
                "a\0b",
                "/",
                "/dev/null/x",
                "s3://b",
                "s3://bucket/key",
                "~",
                "\\'",
                "#",
            ),
            *(
                '{"enabled":1}',
                '{"enabled":{"a":"b"}}',
                '{"\\ud800":1}',
                "HS256",
                "RS256",
                "9/second",
                "anywhere",
            ),
        )
    )
)
SECRET_TEXTS = st.tuples(TEXTS, TEXTS).map(lambda around: f"{around[0]}{MARK}{around[1]}") | st.sampled_from(
    (MARK, f"{MARK}{HEX_KEY}", HEX_KEY)
)


def line(name: str, value: str, quote: str, before: str) -> bytes:
    text = value.replace(quote, "\\" + quote) if quote else value.translate({10: " ", 13: " "})
    return f"{before}{name}={quote}{text}{quote}\n".encode()


def lines(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Draw a line of a settings file, with or without quotes, or one of bytes that are no text."""
    whole = st.builds(
        line,
        st.sampled_from(names),
        values,
        st.sampled_from(("", "'", '"')),
        st.sampled_from(("", "export ")),
    )
    return st.one_of(
        whole,
        whole,
        whole,
        whole.map(lambda text: text.replace(b"=", b"=\xff", 1)),
        # A quote that is not closed on its line.
        whole.map(lambda text: text.replace(b"=", b"='", 1)),
        whole.map(lambda text: text.replace(b"\n", b"'\n")),
    )


@st.composite
def env_files(draw: st.DrawFn) -> tuple[Load, bytes]:
    """Draw a loader, and a settings file with secrets where secrets belong."""
    load, kind = draw(st.sampled_from(LOADS))
    known = lines(names_of(kind), TEXTS)
    secret = lines(
        [name for name in SECRETS if name.startswith(str(kind.model_config.get("env_prefix")))], SECRET_TEXTS
    )
    parts = draw(st.lists(known | secret, min_size=1, max_size=5))
    return load, b"".join(parts)


def check(load: Callable[[], SettingsBase]) -> None:
    """Load settings that can be used, or fail in words, and show no secret."""
    settings = outcome(load, SettingsError)
    if isinstance(settings, Refusal):
        assert settings.message.strip()
        assert MARK not in settings.message
        return
    assert MARK not in f"{settings!r}{settings.table()}"
    if isinstance(settings, AwsSettings) and settings.endpoint_url is not None:
        parts = urlsplit(settings.endpoint_url)
        assert parts.hostname
        assert parts.port != 0


@examples(80)
@given(drawn=env_files())
@example(drawn=(LOADS[0][0], b"FRAUDSTREAM_PARALLELISM='4\nFRAUDSTREAM_HASH_KEY=" + MARK.encode() + b"'\n"))
def test_a_settings_file_gives_settings_or_an_error_without_a_secret(
    folder: Path, drawn: tuple[Load, bytes]
) -> None:
    load, content = drawn
    path = folder / ".env"
    path.write_bytes(content)
    check(lambda: load(path))


SAMPLE = b"""# a comment
AWS_REGION=eu-west-1
export FRAUDSTREAM_PARALLELISM=4
FRAUDSTREAM_EMULATOR__ENABLED="true"
FRAUDSTREAM_ALLOWED_LATENESS='2h' # hours
ALERTS_KEEP_IDS=8d
TRANSACTION_API_AUTH=off
"""


@examples(50)
@given(load=st.sampled_from([load for load, _ in LOADS]), content=damaged(SAMPLE) | st.binary(max_size=60))
@example(load=LOADS[0][0], content=SAMPLE)
def test_any_bytes_as_a_settings_file_give_settings_or_an_error(
    folder: Path, load: Load, content: bytes
) -> None:
    path = folder / ".env"
    path.write_bytes(content)
    check(lambda: load(path))


@st.composite
def environments(draw: st.DrawFn) -> tuple[Load, dict[str, str]]:
    load, kind = draw(st.sampled_from(LOADS))
    values = TEXTS | st.binary(max_size=20).map(os.fsdecode)
    variables = draw(st.dictionaries(st.sampled_from(names_of(kind)), values, max_size=4))
    secret: str = draw(SECRET_TEXTS | st.binary(max_size=20).map(lambda data: MARK + os.fsdecode(data)))
    # The system allows no null character, and no variable without a name.
    variables |= dict.fromkeys(draw(st.sets(st.sampled_from(SECRETS))), secret)
    return load, {name: value.replace("\0", "") for name, value in variables.items()}


@examples(50)
@given(drawn=environments())
def test_variables_give_settings_or_an_error_without_a_secret(drawn: tuple[Load, dict[str, str]]) -> None:
    load, variables = drawn
    with mock.patch.dict(os.environ, variables):
        check(lambda: load(None))


PROPERTIES = {
    "parallelism": "4",
    "emulator.enabled": "true",
    "allowed_lateness": "2h",
    "hash_key": f"{MARK}{HEX_KEY}",
}
PROPERTY_NAMES = [
    *PROPERTIES,
    "emulator",
    "emulator.a.b",
    "parallelism.a",
    "",
    ".",
    "source",
    "hash_key_from",
]


def property_file(properties: bytes, unreadable: bytes = b"") -> bytes:
    return b'[{"PropertyGroupId":"fraudstream","PropertyMap":%s}]%s' % (properties, unreadable)


@examples(80)
@given(
    rewritten(PROPERTIES, PROPERTY_NAMES).map(property_file)
    | st.dictionaries(st.sampled_from(PROPERTY_NAMES) | st.text(max_size=5), VALUES).map(
        lambda values: property_file(json.dumps(values | PROPERTIES).encode())
    )
    | st.binary(max_size=4).map(lambda end: property_file(json.dumps(PROPERTIES).encode(), end))
    | VALUES.map(lambda value: json.dumps([value]).encode())
    | MANY_DEEP
    | st.binary(max_size=40)
)
def test_a_properties_file_gives_settings_or_an_error_without_a_secret(folder: Path, content: bytes) -> None:
    path = folder / "application_properties.json"
    path.write_bytes(content)
    check(lambda: JobSettings.load(properties_file=path, env_file=None))


@examples(60)
@given(parts=st.lists(lines(list(CREDENTIAL_NAMES), SECRET_TEXTS), max_size=4))
def test_credentials_of_a_settings_file_are_exported_together_or_not_at_all(
    folder: Path, parts: list[bytes]
) -> None:
    path = folder / ".env"
    path.write_bytes(b"".join(parts))
    before = {"AWS_ACCESS_KEY_ID": "old", "AWS_SESSION_TOKEN": "old"}
    with mock.patch.dict(os.environ, before):
        refusal = outcome(lambda: export_aws_credentials(path), SettingsError)
        assert MARK not in str(refusal)
        found = {name: os.environ[name] for name in CREDENTIAL_NAMES if name in os.environ}
        assert found == before or "old" not in found.values()
