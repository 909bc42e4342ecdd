"""The rights that docs/profiles.md gives to readers and to the job are enough, and no more than needed."""

import re
from collections.abc import Iterator
from contextlib import closing

import pg8000.native
import pytest
import redis
from pydantic import SecretStr

from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileInventory, ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.project_root import ROOT
from tests.profile_servers import ENCODED_PASSWORD, PASSWORD
from tests.unit.profiles.profile_samples import NOW_MS, progress, row

PAGE = (ROOT / "docs" / "profiles.md").read_text()
ROLES = ("decisions", "job")


def opened(url: str, role: str) -> ProfileInventory:
    """Open the store as a role whose password is its name."""
    who = url.partition("//")[2].partition("@")[0]
    assert who.endswith(f":{ENCODED_PASSWORD}")
    return profile_store(SecretStr(url.replace(who, f"{role}:{role}")), timeout_s=5.0)


def check_rights(url: str) -> None:
    """Check that the job can write and report, and that a reader can read alone."""
    with closing(opened(url, "job")) as job, closing(opened(url, "decisions")) as reader:
        job.write([row(ordinal=1)], NOW_MS)
        job.write([row(ordinal=2)], NOW_MS)
        job.report(progress())
        assert reader.read([row().key]) == [row(ordinal=2)]
        assert reader.progress() == [progress()]
        with pytest.raises(ProfileStoreError, match="permission"):
            reader.write([row(ordinal=3)], NOW_MS)
        with pytest.raises(ProfileStoreError, match="permission"):
            reader.report(progress())


@pytest.fixture
def redis_roles(redis_database: str) -> Iterator[str]:
    lines = re.findall(r"^ +user (\w+) (on >SECRET .*)$", PAGE, re.MULTILINE)
    assert tuple(name for name, _ in lines) == ROLES
    url = parse_store_url(SecretStr(redis_database))
    with redis.Redis(port=url.port, password=PASSWORD) as client:
        for name, rules in lines:
            client.execute_command("ACL", "SETUSER", name, *rules.replace("SECRET", name).split())
        yield redis_database
        client.execute_command("ACL", "DELUSER", *ROLES)


@pytest.fixture
def postgres_roles(postgres_database: str) -> Iterator[str]:
    grants = re.findall(r"^ +(GRANT .*);$", PAGE, re.MULTILINE)
    assert len(grants) == 3
    with closing(profile_store(SecretStr(postgres_database), timeout_s=5.0)) as owner:
        owner.report(progress())  # creates the tables
    url = parse_store_url(SecretStr(postgres_database))
    connection = pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)
    for role in ROLES:
        connection.run(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
    for grant in grants:
        connection.run(grant)
    yield postgres_database
    for role in ROLES:
        connection.run(f"DROP OWNED BY {role}")
        connection.run(f"DROP ROLE {role}")
    connection.close()


def test_redis_roles_have_the_rights_that_they_need(redis_roles: str) -> None:
    check_rights(redis_roles)


def test_postgresql_roles_have_the_rights_that_they_need(postgres_roles: str) -> None:
    check_rights(postgres_roles)
