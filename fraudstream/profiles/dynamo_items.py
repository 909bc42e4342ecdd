"""Items of the DynamoDB table of profiles: one for a profile, more where it exceeds DynamoDB's 400 KB."""

import zlib
from typing import TYPE_CHECKING, Any, Final

from fraudstream.profiles.dynamo_table import EXPIRY, PARTITION_KEY, SORT_KEY
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import ProfileStoreError, encoded_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

PIECE_BYTES: Final = 350_000
"""Bytes of a profile in an item: below DynamoDB's 400 KB, with room for the keys."""
MAX_KEY_BYTES: Final = 2_048
"""Longest partition key (DynamoDB developer guide); the longest id that the job accepts has 768 bytes."""
HEAD: Final = "0"
META: Final = "meta"
PROGRESS: Final = "progress"
DEFLATE_LEVEL: Final = 1
"""Fast: histories shrink by half, and the job's time is worth more than the last tenth."""


def item_key(key: ProfileKey, part: str = HEAD) -> dict[str, "AttributeValueTypeDef"]:
    """Return the keys of an item; raises `ProfileStoreError` if the id is too long for DynamoDB."""
    if len(key.entity) + 1 + len(encoded_id(key)) > MAX_KEY_BYTES:
        msg = (
            f"an id of {key.entity} has {len(key.id)} characters: a key of DynamoDB has at most "
            f"{MAX_KEY_BYTES} bytes"
        )
        raise ProfileStoreError(msg)
    return plain_key(f"{key.entity}#{key.id}", part)


def plain_key(key: str, part: str) -> dict[str, "AttributeValueTypeDef"]:
    """Return the keys of an item that is no profile's."""
    return {PARTITION_KEY: {"S": key}, SORT_KEY: {"S": part}}


def chunk_part(write_id: str, number: int) -> str:
    """Return the sort key of a further piece of a profile; each write has pieces of its own."""
    return f"{write_id}#{number}"


def items_of(row: ProfileRow, write_id: str) -> "list[dict[str, AttributeValueTypeDef]]":
    """Return the items of a row: its head, then the further pieces of its deflated profile."""
    deflated = zlib.compress(row.profile, DEFLATE_LEVEL)
    pieces = [deflated[first : first + PIECE_BYTES] for first in range(0, len(deflated), PIECE_BYTES)]
    expiry: AttributeValueTypeDef = {"N": str(-(-row.expires_ms // 1_000))}
    head: dict[str, AttributeValueTypeDef] = {
        **item_key(row.key),
        "epoch_ms": {"N": str(row.epoch_ms)},
        "ordinal": {"N": str(row.ordinal)},
        "updated_ms": {"N": str(row.updated_ms)},
        "expires_ms": {"N": str(row.expires_ms)},
        "size": {"N": str(len(row.profile))},
        "write": {"S": write_id},
        "chunks": {"N": str(len(pieces) - 1)},
        "profile": {"B": pieces[0]},
        EXPIRY: expiry,
    }
    chunks: list[dict[str, AttributeValueTypeDef]] = [
        {**item_key(row.key, chunk_part(write_id, number)), "profile": {"B": piece}, EXPIRY: expiry}
        for number, piece in enumerate(pieces[1:], 1)
    ]
    return [head, *chunks]


def chunk_keys(key: ProfileKey, head: "Item") -> "list[dict[str, AttributeValueTypeDef]]":
    """Return the keys of the further pieces of a profile, in their order."""
    count = int(head["chunks"]["N"])
    return [item_key(key, chunk_part(head["write"]["S"], number)) for number in range(1, count + 1)]


def row_of(key: ProfileKey, head: "Item", chunks: "Sequence[Item]") -> ProfileRow:
    """Return the row of a head and its further pieces; raises `ProfileStoreError` for other bytes."""
    deflated = b"".join(bytes(_binary(item)) for item in (head, *chunks))
    try:
        profile = zlib.decompress(deflated)
    except zlib.error as error:
        msg = f"the profile of an id of {key.entity} is damaged ({error}): delete its items"
        raise ProfileStoreError(msg) from error
    return ProfileRow(
        key=key,
        epoch_ms=int(head["epoch_ms"]["N"]),
        ordinal=int(head["ordinal"]["N"]),
        updated_ms=int(head["updated_ms"]["N"]),
        expires_ms=int(head["expires_ms"]["N"]),
        profile=profile,
    )


def _binary(item: "Item") -> Any:  # noqa: ANN401 - boto3 returns bytes, its stubs have more
    return item["profile"]["B"]


def progress_item(progress: ProfileProgress) -> "dict[str, AttributeValueTypeDef]":
    """Return the item of a task's progress; all of them have one partition key."""
    return {
        **plain_key(PROGRESS, f"{progress.entity}#{progress.task}"),
        "tasks": {"N": str(progress.tasks)},
        "epoch_ms": {"N": str(progress.epoch_ms)},
        "written_until_ms": {"N": str(progress.written_until_ms)},
    }


def progress_of(item: "Item") -> ProfileProgress:
    """Return the progress that an item has."""
    entity, _, task = item[SORT_KEY]["S"].rpartition("#")
    return ProfileProgress(
        entity=entity,
        task=int(task),
        tasks=int(item["tasks"]["N"]),
        epoch_ms=int(item["epoch_ms"]["N"]),
        written_until_ms=int(item["written_until_ms"]["N"]),
    )
