"""Rows for the tests of profile stores."""

import random
import time

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow

EPOCH_MS = 1_700_000_000_000
NOW_MS = time.time_ns() // 1_000_000
"""The real time: Redis deletes expired rows by its own clock."""
LIVES_MS = 3_600_000
AWKWARD_IDS = (
    "",
    "#",
    ":",
    "a#b:c#0",
    "a b\tc\nd\0e",
    "Nguyễn Văn Ă",
    "Nguye\u0302\u0303n",  # not normalized
    "😀" * 128,
    "'; DROP TABLE profiles; --",
    "\\x00{},\"'",
    "\uffff\u0001",
    "~" * 256,
)


def row(  # noqa: PLR0913 - the columns
    entity_id: str = "A1",
    *,
    entity: str = "account_id",
    epoch_ms: int = EPOCH_MS,
    ordinal: int = 1,
    updated_ms: int = NOW_MS,
    expires_ms: int = NOW_MS + LIVES_MS,
    profile: bytes = b"history",
) -> ProfileRow:
    return ProfileRow(
        key=ProfileKey(entity, entity_id),
        epoch_ms=epoch_ms,
        ordinal=ordinal,
        updated_ms=updated_ms,
        expires_ms=expires_ms,
        profile=profile,
    )


def progress(
    entity: str = "account_id", *, task: int = 0, tasks: int = 1, epoch_ms: int = EPOCH_MS, until_ms: int = 1
) -> ProfileProgress:
    return ProfileProgress(
        entity=entity, task=task, tasks=tasks, epoch_ms=epoch_ms, written_until_ms=until_ms
    )


def incompressible(size: int) -> bytes:
    return random.Random(size).randbytes(size)
