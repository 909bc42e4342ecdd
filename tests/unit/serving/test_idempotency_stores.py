"""The contract of idempotency stores, on each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from fraudstream.runtime.private_files import FILE_MODE
from serving.gateway.idempotency_dynamodb import IDEMPOTENCY_KEY, DynamoIdempotency
from serving.gateway.idempotency_memory import MemoryIdempotency
from serving.gateway.idempotency_protocol import (
    IdempotencyClaim,
    IdempotencyStore,
    IdempotencyStoreError,
    StoredAnswer,
)
from serving.gateway.idempotency_sqlite import SqliteIdempotency

NOW_MS = 1_000_000
LEASE_MS = 1_000
KEEP_MS = 60_000
ANSWER = StoredAnswer(202, b'{"accepted":1}')


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IdempotencyStore]:
    if request.param == "memory":
        yield MemoryIdempotency(max_keys=3)
    elif request.param == "sqlite":
        opened = SqliteIdempotency(tmp_path / "folder" / "keys.sqlite", max_keys=3)
        yield opened
        opened.close()
    else:
        with mock_aws():
            client = boto3.client(
                "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
            )
            client.create_table(
                TableName="Keys",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": IDEMPOTENCY_KEY, "AttributeType": "S"}],
                KeySchema=[{"AttributeName": IDEMPOTENCY_KEY, "KeyType": "HASH"}],
            )
            yield DynamoIdempotency(client, "Keys")


def claim(
    key: str = "k",
    body: bytes = b"body",
    *,
    caller: str = "key:bank",
    route: str = "label",
    now_ms: int = NOW_MS,
) -> IdempotencyClaim:
    return IdempotencyClaim.of(caller, route, key, body, now_ms=now_ms, lease_ms=LEASE_MS, keep_ms=KEEP_MS)


def test_a_new_key_is_the_claimers(store: IdempotencyStore) -> None:
    assert store.claim(claim(), NOW_MS) is None


def test_a_finished_key_has_the_first_answer_until_it_expires(store: IdempotencyStore) -> None:
    first = claim()
    store.claim(first, NOW_MS)
    store.finish(first, ANSWER)
    assert store.claim(claim(), NOW_MS + KEEP_MS - 1) == ANSWER
    assert store.claim(claim(now_ms=NOW_MS + KEEP_MS), NOW_MS + KEEP_MS) is None


def test_an_expired_key_may_be_used_for_another_body(store: IdempotencyStore) -> None:
    first, second = claim(), claim(body=b"other", now_ms=NOW_MS + KEEP_MS)
    store.claim(first, NOW_MS)
    store.finish(first, ANSWER)
    assert store.claim(second, NOW_MS + KEEP_MS) is None
    assert store.claim(claim(body=b"other"), NOW_MS + KEEP_MS) == "in-progress"


@pytest.mark.parametrize("is_finished", [True, False])
def test_another_body_does_not_get_the_key(store: IdempotencyStore, *, is_finished: bool) -> None:
    first = claim()
    store.claim(first, NOW_MS)
    if is_finished:
        store.finish(first, ANSWER)
    assert store.claim(claim(body=b"other"), NOW_MS + 1) == "other-body"


def test_a_key_in_progress_is_taken_until_its_lease_ends(store: IdempotencyStore) -> None:
    store.claim(claim(), NOW_MS)
    assert store.claim(claim(), NOW_MS + LEASE_MS - 1) == "in-progress"
    assert store.claim(claim(), NOW_MS + LEASE_MS) is None


def test_a_claimer_whose_lease_has_ended_neither_answers_nor_releases_for_the_next(
    store: IdempotencyStore,
) -> None:
    first, second = claim(), claim(now_ms=NOW_MS + LEASE_MS)
    store.claim(first, NOW_MS)
    store.claim(second, NOW_MS + LEASE_MS)
    store.finish(first, StoredAnswer(202, b"first"))
    store.release(first)
    assert store.claim(claim(), NOW_MS + LEASE_MS) == "in-progress"
    store.finish(second, ANSWER)
    assert store.claim(claim(), NOW_MS + LEASE_MS) == ANSWER


def test_a_released_key_is_free(store: IdempotencyStore) -> None:
    first = claim()
    store.claim(first, NOW_MS)
    store.release(first)
    assert store.claim(claim(body=b"other"), NOW_MS) is None


@pytest.mark.parametrize("changed", [{"key": "k2"}, {"caller": "key:other"}, {"route": "transaction"}])
def test_keys_belong_to_a_caller_and_a_route(store: IdempotencyStore, changed: dict[str, str]) -> None:
    store.claim(claim(), NOW_MS)
    assert store.claim(claim(**changed), NOW_MS) is None  # type: ignore[arg-type] # texts only


def test_answers_of_many_records_are_stored(store: IdempotencyStore) -> None:
    first, answer = claim(), StoredAnswer(202, bytes(range(256)) * 1_000)
    store.claim(first, NOW_MS)
    store.finish(first, answer)
    assert store.claim(claim(), NOW_MS) == answer


BOUNDED: list[Callable[[Path], IdempotencyStore]] = [
    lambda _folder: MemoryIdempotency(max_keys=3),
    lambda folder: SqliteIdempotency(folder / "keys.sqlite", max_keys=3),
]


@pytest.mark.parametrize("make", BOUNDED, ids=["memory", "sqlite"])
def test_beyond_the_maximum_the_oldest_keys_are_dropped(
    make: Callable[[Path], IdempotencyStore], tmp_path: Path
) -> None:
    store = make(tmp_path)
    for number in range(4):
        store.claim(claim(f"k{number}", now_ms=NOW_MS + number), NOW_MS + number)
    assert store.claim(claim("k3"), NOW_MS + 4) == "in-progress"
    assert store.claim(claim("k0", now_ms=NOW_MS + 4), NOW_MS + 4) is None
    store.close()


def test_memory_is_bounded_in_bytes_too() -> None:
    store = MemoryIdempotency(max_keys=100, max_body_bytes=1_000)
    for number in range(10):
        each = claim(f"k{number}", now_ms=NOW_MS + number)
        store.claim(each, NOW_MS + number)
        store.finish(each, StoredAnswer(202, f"{number}".encode() + bytes(range(256)) * 2))
    assert store.claim(claim("k9"), NOW_MS + 10) is not None
    assert store.claim(claim("k0"), NOW_MS + 10) is None


def test_a_file_is_private_and_survives_a_restart(tmp_path: Path) -> None:
    path, first = tmp_path / "keys.sqlite", claim()
    store = SqliteIdempotency(path, 3)
    store.claim(first, NOW_MS)
    store.finish(first, ANSWER)
    store.close()
    assert path.stat().st_mode & 0o777 == FILE_MODE
    assert SqliteIdempotency(path, 3).claim(claim(), NOW_MS) == ANSWER


def test_a_file_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(IdempotencyStoreError, match=r"keys\.sqlite can't be used"):
        SqliteIdempotency(path, 3)


def test_a_missing_table_is_named() -> None:
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        with pytest.raises(IdempotencyStoreError, match="'Keys' can't be used: ResourceNotFound"):
            DynamoIdempotency(client, "Keys").claim(claim(), NOW_MS)
