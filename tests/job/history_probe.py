"""Store a profile of three transactions, written by the kernel's core, and read it as the command does.

A separate process, because it starts a JVM. Argument: the path of a SQLite store. Output: the history as
JSON, then the message for a wrong hash key.
"""

import json
import sys
from dataclasses import asdict
from typing import Final, cast

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.online.core_jvm import start_core
from fraudstream.profiles.profile_rows import ProfileKey, ProfileRow
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from serving.profiles_command.stored_history import HistoryError, read_history

KEY: Final = "00112233445566778899aabbccddeeff"
DAY_MS: Final = 86_400_000


def main(path: str) -> None:
    """Write and read the profile of account A1."""
    kernel = start_core()
    features = kernel.OnlineFeatures(
        BUILT_IN.to_json(), 65_536, -1, DAY_MS, DAY_MS, kernel.record.HashKey.fromHex(KEY)
    )
    profiles: list[object] = [None] * len(features.entities())
    for number in (1, 2, 3):
        record = {
            "transaction_id": f"T{number}",
            "event_time": f"2026-01-01T00:00:0{number}.000Z",
            "account_id": "A1",
            "transaction_amount_vnd": 1_000.5 * number,
        }
        event = features.transaction(json.dumps(record).encode(), 0)
        profiles = list(features.apply(event, profiles).profiles)
    row = ProfileRow(
        key=ProfileKey("account_id", "A1"),
        epoch_ms=1,
        ordinal=3,
        updated_ms=1,
        expires_ms=2,
        profile=bytes(cast("bytes", profiles[0])),
    )
    store = SqliteProfiles(path, timeout_s=5.0)
    store.write([row], 0)
    (stored,) = store.read([row.key])
    assert stored is not None
    sys.stdout.write(json.dumps(asdict(read_history(stored.profile, KEY, 2))) + "\n")
    try:
        read_history(stored.profile, KEY.replace("0", "1"), 2)
    except HistoryError as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
