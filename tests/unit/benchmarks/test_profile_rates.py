"""The rates at which profiles are written: coalesced by id within an interval, by entity and in all."""

import pytest

from benchmarks.profile_rates import ProfileChange, rates


def change(entity: str, entity_id: str, size: int = 1_000) -> ProfileChange:
    return ProfileChange(entity, entity_id, size, size // 2)


def test_changes_of_an_id_within_an_interval_are_one_row_as_it_was_last() -> None:
    transactions = [
        [change("account_id", "A1"), change("merchant_id", "M", 3_000)],
        [change("account_id", "A2"), change("merchant_id", "M", 5_000)],
        [change("account_id", "A1"), change("merchant_id", "M", 7_000)],
        [change("account_id", "A1")],
    ]
    account, merchant, both = rates(transactions, per_s=2.0, interval_s=1.0)
    assert (account.changes_per_s, account.rows_per_s, account.bytes_per_s) == (2.0, 1.5, 1_500.0)
    assert (merchant.changes_per_s, merchant.rows_per_s, merchant.bytes_per_s) == (1.5, 1.0, 6_000.0)
    assert (both.entity, both.rows_per_s, both.deflated_per_s) == ("all", 2.5, 3_750.0)


def test_an_item_costs_a_write_unit_for_each_kibibyte_that_it_begins() -> None:
    (found, _) = rates([[ProfileChange("account_id", "A1", 9_999, 1_025)]], per_s=1.0, interval_s=1.0)
    assert found.units_per_s == 2.0


@pytest.mark.parametrize(("interval_s", "rows_per_s"), [(0.001, 10.0), (1.0, 1.0), (2.0, 0.5)])
def test_a_longer_interval_writes_fewer_rows(interval_s: float, rows_per_s: float) -> None:
    transactions = [[change("account_id", "A1")]] * 20
    assert rates(transactions, per_s=10.0, interval_s=interval_s)[0].rows_per_s == rows_per_s
