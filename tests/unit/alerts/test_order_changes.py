"""In which order two runs saw each entity's transactions, by their ordinals."""

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
    """Return the ordinals of a run whose device saw these transactions in this order."""
    seen: dict[TransactionKey, dict[str, int]] = {}
    counts: dict[str, int] = {}
    for ordinal, name in enumerate(devices, 1):
        counterparty = str(IDS[key(name)]["counterparty_id"])
        counts[counterparty] = counts.get(counterparty, 0) + 1
        seen[key(name)] = {"account_id": 1, "device_id": ordinal, "counterparty_id": counts[counterparty]}
    return seen


def device_change(before: str, after: str) -> OrderChange:
    return order_changes(ordinals(before), ordinals(after), IDS)["device_id"]


def test_two_runs_in_the_same_order_have_the_same_before_every_transaction() -> None:
    assert set(order_changes(ordinals("abcd"), ordinals("abcd"), IDS).values()) == {SAME}


def test_two_that_are_exchanged_have_others_before_them_and_those_behind_them_the_same_ones() -> None:
    r"""Show what the windows of each had before it.

    before  a  b  c  d
    after   a  c  b  d
               ^  ^ others, and d has a, b and c in either run, in another order
    """
    assert device_change("abcd", "acbd") == OrderChange(keys("bc"), keys("d"))


def test_one_that_has_the_same_ordinal_may_have_others_before_it() -> None:
    assert device_change("abc", "cba") == OrderChange(keys("abc"), frozenset())


def test_entities_are_looked_at_each_by_itself() -> None:
    changes = order_changes(ordinals("abcd"), ordinals("acbd"), IDS)
    # a and b share a counterparty, c and d another one: in both runs a comes before b, and c before d.
    assert changes["counterparty_id"] == SAME
    assert changes["account_id"] == SAME
    assert changes["merchant_id"] == SAME


def test_a_transaction_that_is_in_one_run_only_is_missing_to_those_behind_it() -> None:
    assert device_change("abcd", "abd") == OrderChange(keys("d"), frozenset())
    assert device_change("abd", "abcd") == OrderChange(keys("d"), frozenset())


def test_one_that_has_no_record_is_noticed_by_the_ordinals() -> None:
    after = ordinals("abc")
    after[key("c")]["device_id"] = 4
    assert order_changes(ordinals("abc"), after, IDS)["device_id"].others == keys("c")


def test_one_that_met_no_step_of_the_entity_is_left_out() -> None:
    before, after = ordinals("abc"), ordinals("abc")
    del before[key("a")]["device_id"]
    changes = order_changes(before, after, IDS)
    assert key("a") not in changes["device_id"].others | changes["device_id"].reordered
    assert changes["device_id"].others == keys("bc")


def test_the_change_does_not_depend_on_which_run_is_the_first() -> None:
    for order in map("".join, permutations("abcd")):
        assert device_change("abcd", order).others == device_change(order, "abcd").others


def before_each(order: str) -> Mapping[str, str]:
    return {name: order[:place] for place, name in enumerate(order)}


@given(order=st.permutations("abcdef").map("".join))
def test_the_digests_say_what_comparing_what_came_before_each_would_say(order: str) -> None:
    first, second = before_each("abcdef"), before_each(order)
    others = {name for name in order if set(first[name]) != set(second[name])}
    reordered = {
        name for name in order if set(first[name]) == set(second[name]) and first[name] != second[name]
    }
    assert device_change("abcdef", order) == OrderChange(keys(others), keys(reordered))
