"""The DynamoDB store where it differs: pieces of large profiles, unprocessed keys, failures."""

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from fraudstream.profiles import dynamo_items, dynamo_reads
from fraudstream.profiles.dynamo_profiles import DynamoProfiles
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.streams.stream_settings import StreamSettings
from localstack.tables import create_tables
from serving.profiles_command.profiles_app import app
from tests.profile_servers import aws_variables, free_port, silent_server
from tests.unit.profiles.profile_samples import NOW_MS, incompressible, row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

LARGE = 900_000
"""Bytes of a profile of three pieces."""


def opened(url: str, timeout_s: float = 10.0) -> DynamoProfiles:
    return DynamoProfiles(parse_store_url(SecretStr(url)), timeout_s=timeout_s)


@pytest.fixture
def table(dynamo_database: str) -> str:
    return dynamo_database.removeprefix("dynamodb:")


@pytest.fixture
def client(dynamo_emulator: tuple[str, "DynamoDBClient"]) -> "DynamoDBClient":
    return dynamo_emulator[1]


def parts(client: "DynamoDBClient", table: str) -> list[str]:
    """Return the sort keys of the items of profiles."""
    items = client.scan(TableName=table)["Items"]
    return sorted(item["part"]["S"] for item in items if item["key"]["S"] not in {"meta", "progress"})


def test_a_replaced_profile_leaves_no_pieces(
    dynamo_database: str, client: "DynamoDBClient", table: str
) -> None:
    with closing(opened(dynamo_database)) as store:
        store.write([row(ordinal=1, profile=incompressible(LARGE))], NOW_MS)
        assert len(parts(client, table)) == 3
        store.write([row(ordinal=2, profile=incompressible(LARGE + 1))], NOW_MS)
        assert len(parts(client, table)) == 3
        store.write([row(ordinal=3)], NOW_MS)
        assert parts(client, table) == ["0"]


def test_a_refused_write_leaves_no_pieces(dynamo_database: str, client: "DynamoDBClient", table: str) -> None:
    with closing(opened(dynamo_database)) as store:
        store.write([row(ordinal=2)], NOW_MS)
        store.write([row(ordinal=1, profile=incompressible(LARGE))], NOW_MS)
        assert parts(client, table) == ["0"]


def test_every_item_expires(dynamo_database: str, client: "DynamoDBClient", table: str) -> None:
    with closing(opened(dynamo_database)) as store:
        store.write([row(profile=incompressible(LARGE), expires_ms=NOW_MS * 1_000 + 1)], NOW_MS)
    items = [item for item in client.scan(TableName=table)["Items"] if item["key"]["S"] != "meta"]
    assert [item["expires_s"] for item in items] == [{"N": str(NOW_MS + 1)}] * 3
    time_to_live = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert time_to_live.get("AttributeName") == "expires_s"


def test_a_profile_whose_pieces_are_replaced_during_a_read_is_read_again(
    dynamo_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = row(ordinal=2, profile=incompressible(LARGE + 1))
    with closing(opened(dynamo_database)) as store, closing(opened(dynamo_database)) as writer:
        writer.write([row(ordinal=1, profile=incompressible(LARGE))], NOW_MS)

        def replaced_meanwhile(*arguments: Any) -> Any:  # noqa: ANN401 - passed on
            keys = dynamo_items.chunk_keys(*arguments)
            monkeypatch.setattr(dynamo_reads, "chunk_keys", dynamo_items.chunk_keys)
            writer.write([newer], NOW_MS)
            return keys

        monkeypatch.setattr(dynamo_reads, "chunk_keys", replaced_meanwhile)
        assert store.read([newer.key]) == [newer]


def test_a_profile_without_one_of_its_pieces_is_missing(
    dynamo_database: str, client: "DynamoDBClient", table: str
) -> None:
    with closing(opened(dynamo_database)) as store:
        stays = row("A2")
        store.write([row(profile=incompressible(LARGE)), stays], NOW_MS)
        key = {"key": {"S": "account_id#A1"}, "part": {"S": parts(client, table)[-1]}}
        client.delete_item(TableName=table, Key=key)
        assert store.read([row().key, stays.key]) == [None, stays]


class _Throttled:
    """A client whose first answers leave all keys but one unprocessed."""

    def __init__(self, client: Any, times: int) -> None:  # noqa: ANN401 - boto3's client
        self._client = client
        self._times = times

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:  # noqa: ANN401 - as boto3 has it
        ((table, wanted),) = request["RequestItems"].items()
        self._times -= 1
        if self._times < 0:
            return self._client.batch_get_item(**request)
        first, *left = wanted["Keys"]
        answer = self._client.batch_get_item(RequestItems={table: {**wanted, "Keys": [first]}})
        return {**answer, "UnprocessedKeys": {table: {**wanted, "Keys": left}}}


@pytest.mark.parametrize(("times", "is_read"), [(2, True), (1_000, False)])
def test_unprocessed_keys_are_asked_for_again(  # noqa: PLR0913 - fixtures and cases
    dynamo_database: str,
    client: "DynamoDBClient",
    table: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    times: int,
    is_read: bool,
) -> None:
    monkeypatch.setattr(dynamo_reads, "FIRST_PAUSE_S", 0.0001)
    rows = [row(f"A{number}") for number in range(20)]
    with closing(opened(dynamo_database)) as store:
        store.write(rows, NOW_MS)
        throttled: Any = _Throttled(client, times)
        monkeypatch.setattr(store, "_reader", dynamo_reads.DynamoReader(throttled, table))
        keys = [each.key for each in rows]
        if is_read:
            assert store.read(keys) == rows
        else:
            with pytest.raises(ProfileStoreError, match="raise the read capacity"):
                store.read(keys)


def test_another_layout_is_refused(dynamo_database: str, client: "DynamoDBClient", table: str) -> None:
    layout = {"key": {"S": "meta"}, "part": {"S": "layout"}, "layout": {"S": "2"}}
    client.put_item(TableName=table, Item=layout)
    with closing(opened(dynamo_database)) as store:
        for use in (lambda: store.read([row().key]), store.progress, lambda: store.write([row()], NOW_MS)):
            with pytest.raises(ProfileStoreError, match="layout '2', this release reads and writes '1'"):
                use()


def test_a_missing_table_is_an_error_with_the_remedy(dynamo_database: str) -> None:
    assert dynamo_database
    with (
        closing(opened("dynamodb:Missing")) as store,
        pytest.raises(ProfileStoreError, match=r"dynamodb:Missing .*`fraudstream profiles create`"),
    ):
        store.read([row().key])


def test_an_existing_table_is_left_unchanged(dynamo_database: str) -> None:
    with closing(opened(dynamo_database)) as store:
        store.write([row()], NOW_MS)
        assert not store.create()
        assert store.read([row().key]) == [row()]


def test_the_emulators_command_creates_the_table_that_the_store_uses(dynamo_database: str) -> None:
    assert dynamo_database
    for _ in range(2):
        create_tables(StreamSettings.load(), "Progress", "Alerts", "ProfilesOfCommand")
    with closing(opened("dynamodb:ProfilesOfCommand")) as store:
        store.write([row(profile=incompressible(LARGE))], NOW_MS)
        assert store.read([row().key]) == [row(profile=incompressible(LARGE))]
        assert not store.create()


def test_an_unreachable_or_silent_endpoint_is_an_error_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with silent_server() as silent:
        for port in (free_port(), silent):
            for name, value in aws_variables(f"http://127.0.0.1:{port}").items():
                monkeypatch.setenv(name, value)
            with closing(opened("dynamodb:Profiles", timeout_s=0.3)) as store:
                began_s = time.monotonic()
                with pytest.raises(ProfileStoreError, match="dynamodb:Profiles can't be used"):
                    store.read([row().key])
                assert time.monotonic() - began_s < 1.0


def test_missing_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(ProfileStoreError, match="AWS_ACCESS_KEY_ID"):
        opened("dynamodb:Profiles")


def test_an_id_beyond_a_key_of_dynamodb_is_an_error(dynamo_database: str) -> None:
    with (
        closing(opened(dynamo_database)) as store,
        pytest.raises(ProfileStoreError, match="at most 2048 bytes"),
    ):
        store.read([row("x" * 2_048).key])


def test_the_command_creates_the_table_once(dynamo_database: str) -> None:
    url = f"{dynamo_database}-new"

    def printed(*arguments: str) -> str:
        return CliRunner().invoke(app, [*arguments, "--store", url]).stdout

    assert printed("create") == f"{url} was created\n"
    assert printed("create") == f"{url} exists\n"
    assert printed("status", "--json") == "[]\n"
