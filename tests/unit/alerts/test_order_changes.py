"""The order in which two runs processed each entity's transactions, by their ordinals."""

from collections.abc import Iterable, Mapping
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from alerts.order import Ids, OrderChange, order_changes
from fraudstream.domain.transaction import TransactionKey


def key(name: str) -> TransactionKey:
    """Return the first transaction of an account; all have the same id."""
    return TransactionKey(name, "1")


IDS: dict[TransactionKey, Ids] = {
    key(name): {
        "account_id": name,
        "device_id": "D",
        "merchant_id": None,
        "counterparty_id": "C" if name < "c" else "E",
    }
    for name in "abcdef"
}


def keys(names: Iterable[str]) -> frozenset[TransactionKey]:
    return frozenset(map(key, names))


SAME = OrderChange(frozenset(), frozenset())


def ordinals(devices: str) -> dict[TransactionKey, dict[str, int]]:
    """Return the ordinals of a run in which one device processed these transactions in order."""
    seen: dict[TransactionKey, dict[str, int]] = {}
    counts: dict[str, int] = {}
    for ordinal, name in enumerate(devices, 1):
        counterparty = str(IDS[key(name)]["counterparty_id"])
        counts[counterparty] = counts.get(counterparty, 0) + 1
        seen[key(name)] = {"account_id": 1, "device_id": ordinal, "counterparty_id": counts[counterparty]}
    return seen


def device_change(before: str, after: str) -> OrderChange:
    return order_changes(ordinals(before), ordinals(after), IDS)["device_id"]


def test_two_runs_in_the_same_order_have_the_same_predecessors_everywhere() -> None:
    assert set(order_changes(ordinals("abcd"), ordinals("abcd"), IDS).values()) == {SAME}


def test_swapped_transactions_have_other_predecessors_and_later_ones_the_same_set() -> None:
    r"""Show the transactions in the windows of each.

    before  a  b  c  d
    after   a  c  b  d
               ^  ^ others, and d has a, b and c in either run, in another order
    """
    assert device_change("abcd", "acbd") == OrderChange(keys("bc"), keys("d"))


def test_a_transaction_with_the_same_ordinal_may_have_other_predecessors() -> None:
    assert device_change("abc", "cba") == OrderChange(keys("abc"), frozenset())


def test_entities_are_compared_independently() -> None:
    changes = order_changes(ordinals("abcd"), ordinals("acbd"), IDS)
    # a and b share a counterparty, c and d another one: in both runs a comes before b, and c before d.
    assert changes["counterparty_id"] == SAME
    assert changes["account_id"] == SAME
    assert changes["merchant_id"] == SAME


def test_a_transaction_of_only_one_run_changes_the_predecessors_of_later_ones() -> None:
    assert device_change("abcd", "abd") == OrderChange(keys("d"), frozenset())
    assert device_change("abd", "abcd") == OrderChange(keys("d"), frozenset())


def test_a_missing_record_is_detected_by_the_ordinals() -> None:
    after = ordinals("abc")
    after[key("c")]["device_id"] = 4
    assert order_changes(ordinals("abc"), after, IDS)["device_id"].others == keys("c")


def test_a_transaction_without_a_step_for_the_entity_is_ignored() -> None:
    before, after = ordinals("abc"), ordinals("abc")
    del before[key("a")]["device_id"]
    changes = order_changes(before, after, IDS)
    assert key("a") not in changes["device_id"].others | changes["device_id"].reordered
    assert changes["device_id"].others == keys("bc")


def test_the_change_does_not_depend_on_which_run_is_first() -> None:
    for order in map("".join, permutations("abcd")):
        assert device_change("abcd", order).others == device_change(order, "abcd").others


def before_each(order: str) -> Mapping[str, str]:
    return {name: order[:place] for place, name in enumerate(order)}


@given(order=st.permutations("abcdef").map("".join))
def test_the_digests_agree_with_comparing_all_predecessors(order: str) -> None:
    first, second = before_each("abcdef"), before_each(order)
    others = {name for name in order if set(first[name]) != set(second[name])}
    reordered = {
        name for name in order if set(first[name]) == set(second[name]) and first[name] != second[name]
    }
    assert device_change("abcdef", order) == OrderChange(keys(others), keys(reordered))
