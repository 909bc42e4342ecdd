"""A store filled through the kernel's core, which starts a JVM in this process."""

from pathlib import Path

from benchmarks.profile_filling import ProfileFilling
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.profiles.profile_rows import written_until_ms
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from producer.simulation import TrafficOptions
from producer.source_bank import bank_records

NOW_MS = 1_790_000_000_000
HASH_KEY = "0f" * 16
TRAFFIC = TrafficOptions(seed=7, accounts=40, transactions_per_account_per_day=2, start_ms=0)


def test_a_filled_store_has_the_history_of_every_entity_and_the_newest_ordinals(tmp_path: Path) -> None:
    filling = ProfileFilling(HASH_KEY, NOW_MS)
    assert filling.apply(TRAFFIC, days=5) == 400
    store = SqliteProfiles(str(tmp_path / "profiles.sqlite"), timeout_s=5)
    filling.write(store)
    transactions = [
        OnlineKernel(BUILT_IN, KernelLimits(), HASH_KEY).parse(record.data, NOW_MS)
        for record in bank_records(TRAFFIC, 400, NOW_MS)
    ]
    keys = [key for each in transactions for key in each.keys if key is not None]
    rows = store.read(sorted(set(keys)))
    assert {row.key: row.ordinal for row in rows if row is not None} == {key: keys.count(key) for key in keys}
    progress = store.progress()
    assert {each.entity for each in progress} == set(filling.entities)
    assert written_until_ms(progress, "account_id") == NOW_MS
    store.close()
