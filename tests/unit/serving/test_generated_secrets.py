import re
import stat
from pathlib import Path

from pydantic import SecretStr

from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.web.api_keys import ApiKeys, read_keys
from fraudstream.web.scopes import Caller
from serving.generated_secrets import SCOPES, generate


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_is_generated_for_its_owner_alone(tmp_path: Path) -> None:
    generate(tmp_path, "redis", 6379)
    found = contents(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{32}\n", found["hash-key"])
    password = found["redis-password"].strip()
    assert len(password) >= 40
    assert found["redis.conf"].startswith(f"requirepass {password}\n")
    store = parse_store_url(SecretStr(found["profile-store"].strip()))
    assert store.password is not None
    assert (store.host, store.port, store.password.get_secret_value()) == ("redis", 6379, password)
    known = ApiKeys(read_keys(tmp_path / "decision-api-keys", "key"))
    assert known.identify(found["decision-api-key"].strip()) == Caller("key:compose", frozenset(SCOPES))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_secrets_that_exist_are_kept_and_missing_ones_fit_to_them(tmp_path: Path) -> None:
    generate(tmp_path, "redis", 6379)
    before = contents(tmp_path)
    assert generate(tmp_path, "redis", 6379) == []
    assert contents(tmp_path) == before
    (tmp_path / "redis.conf").unlink()
    assert generate(tmp_path, "redis", 6379) == ["redis.conf"]
    assert contents(tmp_path) == before


def test_two_folders_have_no_secret_in_common(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        generate(tmp_path / name, "redis", 6379)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert all(a[name] != b[name] for name in a)
