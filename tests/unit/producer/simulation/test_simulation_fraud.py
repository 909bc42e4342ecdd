from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest

from fraudstream.domain.arrays import Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType, fraud_patterns
from fraudstream.domain.patterns.fraud_pattern import FraudPattern
from producer.simulation import TrafficOptions
from producer.simulation.block import STATUSES
from producer.simulation.devices import NEW_DEVICE_BASE
from producer.simulation.kinds import INCOMING_TYPES, TYPES
from producer.simulation.merchants import ACCOUNT_BASE
from producer.simulation.rhythm import VIETNAM_OFFSET_MS

START_MS = 1_767_200_400_000
Take = Callable[[int, TrafficOptions], Rows]
Campaign = Rows
COMPLETED = STATUSES.index("completed")
INCOMING = [TYPES.index(name) for name in INCOMING_TYPES]
TRANSFERS = {TYPES.index("transfer"), TYPES.index("incoming_transfer")}


def whole_campaigns(traffic: Rows) -> dict[FraudType, list[Campaign]]:
    found: dict[FraudType, list[Campaign]] = defaultdict(list)
    fraud = traffic[traffic["fraud"] >= 0]
    fraud = fraud[np.argsort(fraud["campaign"], kind="stable")]
    places = np.flatnonzero(np.diff(fraud["campaign"])) + 1
    end_ms = traffic["time_ms"][-1]
    for campaign in np.split(fraud, places):
        if campaign["time_ms"][0] < end_ms - 5 * HOUR_MS:
            found[FRAUD_TYPES[campaign["fraud"][0]]].append(campaign)
    return found


@pytest.fixture(scope="module")
def traffic(take: Take) -> Rows:
    return take(160_000, TrafficOptions(start_ms=START_MS, fraud_share=0.5))


@pytest.fixture(scope="module")
def campaigns(traffic: Rows, take: Take) -> dict[FraudType, list[Campaign]]:
    """Return the campaigns of every type; types of weight 0 have a bank of their own."""
    unweighted = [pattern.fraud_type for pattern in fraud_patterns() if pattern.default_weight == 0]
    return whole_campaigns(traffic) | campaigns_of(unweighted, take)


def campaigns_of(fraud_types: list[FraudType], take: Take) -> dict[FraudType, list[Campaign]]:
    """Return the campaigns of a bank that has equal shares of the types and no other fraud."""
    if not fraud_types:
        return {}
    mix = dict.fromkeys(fraud_types, 1 / len(fraud_types))
    options = TrafficOptions(start_ms=START_MS, fraud_share=0.3, fraud_mix=mix)
    return whole_campaigns(take(50_000 * len(fraud_types), options))


def found_of(campaigns: dict[FraudType, list[Campaign]], fraud_type: FraudType) -> list[Campaign]:
    found = campaigns.get(fraud_type)
    assert found, f"no campaign of {fraud_type}"
    return found


def span_ms(campaign: Campaign) -> int:
    return int(campaign["time_ms"][-1] - campaign["time_ms"][0])


def within(low: float, values: Rows, high: float) -> bool:
    return bool(low <= values.min() and values.max() <= high)


def hour(campaign: Campaign) -> int:
    return int((campaign["time_ms"][0] + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS)


def fee_shares(campaign: Campaign) -> Rows:
    shares: Rows = campaign["fee_vnd"] / campaign["amount_vnd"]
    return shares


def types(campaign: Campaign) -> set[int]:
    return set(campaign["type"].tolist())


def per_account(campaign: Campaign) -> list[int]:
    return list(Counter(campaign["account"].tolist()).values())


def not_more_out_than_in(campaign: Campaign) -> bool:
    for account in np.unique(campaign["account"]):
        own = campaign[campaign["account"] == account]
        signs = np.where(np.isin(own["type"], INCOMING), 1, -1)
        if (np.cumsum(signs * own["amount_vnd"]) < 0).any():
            return False
    return True


LOAN = TYPES.index("loan_disbursement")
CASHED = {TYPES.index("withdrawal"), TYPES.index("transfer")}

# Fraud type, sign, whether a campaign has it, and whether subtle campaigns must have it too.
SIGNS: list[tuple[FraudType, str, Callable[[Campaign], bool], bool]] = [
    ("money_laundering", "within 5 minutes", lambda c: span_ms(c) < 5 * MINUTE_MS, True),
    ("money_laundering", "off-hours", lambda c: hour(c) in {22, 23, 0, 1, 2, 3}, True),
    ("money_laundering", "over 15", lambda c: all(16 <= n <= 24 for n in per_account(c)), False),
    ("money_laundering", "6 at least", lambda c: len(c) >= 6, True),
    ("money_laundering", "300 million to 1 billion", lambda c: within(3e8, c["amount_vnd"], 1e9), False),
    ("money_laundering", "150 million to 1 billion", lambda c: within(1.5e8, c["amount_vnd"], 1e9), True),
    ("money_laundering", "transfers", lambda c: types(c) == TRANSFERS, True),
    ("money_laundering", "in before out", not_more_out_than_in, True),
    ("money_laundering", "several partners", lambda c: len(set(c["counterparty"])) > 1, True),
    ("account_takeover", "3 to 6", lambda c: 3 <= len(c) <= 6, True),
    ("account_takeover", "3 to 6 failures", lambda c: within(3, c["failures"], 6), False),
    ("account_takeover", "a failure", lambda c: within(1, c["failures"], 6), True),
    ("account_takeover", "a new device", lambda c: c["device"].min() >= NEW_DEVICE_BASE, True),
    ("account_takeover", "one device", lambda c: len(set(c["device"])) == 1, True),
    ("account_takeover", "one place", lambda c: len(set(c["latitude"])) == 1, True),
    ("loan_fraud", "1 to 3", lambda c: 1 <= len(c) <= 3, True),
    ("loan_fraud", "loans over 500 million", lambda c: within(500.1e6, c["loans_vnd"], 2e9), False),
    ("loan_fraud", "loans of 300 million", lambda c: within(300e6, c["loans_vnd"], 2e9), True),
    ("loan_fraud", "under 50 transactions", lambda c: within(1, c["made"], 49), True),
    ("loan_fraud", "non-performing", lambda c: bool(c["npl"].all()), False),
    ("loan_fraud", "paid out first", lambda c: c["type"][0] == LOAN, True),
    ("loan_fraud", "then cashed", lambda c: types(c[1:]) <= CASHED, True),
    ("loan_fraud", "no more than the loan", not_more_out_than_in, True),
    ("loan_fraud", "in office hours", lambda c: hour(c) in range(8, 17), True),
    ("fee_manipulation", "within 5 minutes", lambda c: span_ms(c) < 5 * MINUTE_MS, True),
    ("fee_manipulation", "over 12", lambda c: 13 <= len(c) <= 24, False),
    ("fee_manipulation", "7 at least", lambda c: len(c) >= 7, True),
    ("fee_manipulation", "10,000 to 100,000", lambda c: within(10e3, c["amount_vnd"], 100e3), True),
    ("fee_manipulation", "fees of 10 to 50 %", lambda c: within(0.0999, fee_shares(c), 0.5001), False),
    ("fee_manipulation", "fees of 3 % at least", lambda c: within(0.0299, fee_shares(c), 0.5001), True),
    ("fee_manipulation", "one merchant", lambda c: len(set(c["merchant"]) - {-1}) == 1, True),
]  # fmt: skip


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_the_table_has_obvious_signs_of_every_type_and_signs_that_no_campaign_lacks(
    fraud_type: FraudType,
) -> None:
    kinds = {always for of_type, _, _, always in SIGNS if of_type == fraud_type}
    assert kinds == {True, False}, f"add signs of {fraud_type} to SIGNS, with True and with False"


@pytest.mark.parametrize("weightless", [["loan_fraud"], ["fee_manipulation", "account_takeover"]])
def test_types_without_a_weight_can_be_simulated_in_a_bank_of_their_own(
    take: Take, weightless: list[FraudType]
) -> None:
    found = campaigns_of(weightless, take)
    assert found.keys() == set(weightless)
    assert all(len(each) > 500 for each in found.values())


@pytest.mark.parametrize(
    ("fraud_type", "holds", "always"),
    [
        pytest.param(fraud_type, holds, always, id=f"{fraud_type}: {sign}")
        for fraud_type, sign, holds, always in SIGNS
    ],
)
def test_a_campaign_has_the_signs_of_its_class(
    campaigns: dict[FraudType, list[Campaign]],
    fraud_type: FraudType,
    holds: Callable[[Campaign], bool],
    always: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = found_of(campaigns, fraud_type)
    assert len(found) > 500
    share = sum(map(holds, found)) / len(found)
    if always:
        assert share == 1
    else:
        assert 0.8 < share < 0.97


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_about_15_percent_of_campaigns_lack_one_obvious_sign_and_never_two(
    campaigns: dict[FraudType, list[Campaign]], fraud_type: FraudType
) -> None:
    obvious = [holds for of_type, _, holds, always in SIGNS if of_type == fraud_type and not always]
    found = found_of(campaigns, fraud_type)
    missing = [sum(not holds(campaign) for holds in obvious) for campaign in found]
    assert 0.11 < sum(count > 0 for count in missing) / len(found) < 0.19
    assert max(missing) == 1
    subtle = [bool(campaign["subtle"][0]) for campaign in found]
    agreeing = sum((count > 0) == is_subtle for count, is_subtle in zip(missing, subtle, strict=True))
    # An honest repayment before a loan fraud can leave loans of just below 500 million, in one of 6,000.
    assert agreeing / len(found) > 0.999


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_subtle_campaigns_is_an_option(take: Take, share: float) -> None:
    options = TrafficOptions(start_ms=START_MS, fraud_share=0.3, subtle_share=share)
    traffic = take(20_000, options)
    fraud = traffic["fraud"] >= 0
    assert (traffic["subtle"][fraud] == share).all()
    assert fraud.mean() == pytest.approx(0.3, rel=0.15)


@pytest.mark.parametrize("pattern", fraud_patterns(), ids=lambda pattern: pattern.fraud_type)
def test_a_campaign_has_the_expected_length_on_average(
    campaigns: dict[FraudType, list[Campaign]], pattern: FraudPattern
) -> None:
    mean = np.mean([len(campaign) for campaign in found_of(campaigns, pattern.fraud_type)])
    assert mean == pytest.approx(pattern.expected_transactions(0.15), rel=0.05)


def test_all_campaigns_except_chains_happen_on_one_account(
    campaigns: dict[FraudType, list[Campaign]],
) -> None:
    for fraud_type, found in campaigns.items():
        accounts = Counter(len(set(campaign["account"])) for campaign in found)
        assert set(accounts) <= ({1, 2, 3} if fraud_type == "money_laundering" else {1})


def test_layers_are_chains_of_accounts_that_refer_to_each_other(
    campaigns: dict[FraudType, list[Campaign]],
) -> None:
    chains = [campaign for campaign in campaigns["money_laundering"] if len(set(campaign["account"])) == 3]
    assert len(chains) / len(campaigns["money_laundering"]) == pytest.approx(0.2, abs=0.06)
    for campaign in chains:
        inside = {code - ACCOUNT_BASE for code in campaign["counterparty"].tolist() if code >= ACCOUNT_BASE}
        assert inside == set(campaign["account"].tolist())


def shape(campaign: Campaign) -> str:
    paid_in = int(np.isin(campaign["type"], INCOMING).sum())
    paid_out = len(campaign) - paid_in
    if within(380e6, campaign["amount_vnd"], 399e6):
        return "structuring"
    return "fan-in" if paid_in > paid_out else "fan-out" if paid_out > paid_in else "through"


def test_laundering_includes_fan_in_fan_out_and_structuring(
    campaigns: dict[FraudType, list[Campaign]],
) -> None:
    shapes = Counter(shape(campaign) for campaign in campaigns["money_laundering"])
    for name in ("fan-in", "fan-out", "structuring"):
        assert shapes[name] / shapes.total() == pytest.approx(0.19, abs=0.06), name


def test_laundered_money_is_hardly_ever_declined(campaigns: dict[FraudType, list[Campaign]]) -> None:
    """Only if another thief, or the owner, takes the money in between."""
    completed = [(campaign["status"] == COMPLETED).all() for campaign in campaigns["money_laundering"]]
    assert np.mean(completed) > 0.97


def test_a_takeover_takes_its_share_of_the_current_balance(
    campaigns: dict[FraudType, list[Campaign]],
) -> None:
    drained = 0
    for campaign in campaigns["account_takeover"]:
        done = campaign[(campaign["status"] == COMPLETED) & (campaign["amount_vnd"] > 200_000)]
        found = done["balance_vnd"] + done["amount_vnd"] + done["fee_vnd"]
        assert (done["amount_vnd"] / found > 0.39).all()
        assert (done["amount_vnd"] / found < 0.71).all()
        drained += len(done)
    assert drained > 1_000


def test_a_stranger_takes_over_from_another_city(
    traffic: Rows, campaigns: dict[FraudType, list[Campaign]]
) -> None:
    homes: dict[int, Counter[int]] = defaultdict(Counter)
    honest = traffic[(traffic["fraud"] < 0) & (traffic["city"] >= 0)]
    for account, city in zip(honest["account"].tolist(), honest["city"].tolist(), strict=True):
        homes[account][city] += 1
    strange = [
        campaign["city"][0] != homes[int(campaign["account"][0])].most_common(1)[0][0]
        for campaign in campaigns["account_takeover"]
        if homes[int(campaign["account"][0])].total() > 5
    ]
    assert np.mean(strange) > 0.97


def test_an_account_opened_for_a_loan_is_used_before_it_and_never_after(
    traffic: Rows, campaigns: dict[FraudType, list[Campaign]]
) -> None:
    by_account: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for account, time_ms, fraud in traffic[["account", "time_ms", "fraud"]].tolist():
        by_account[account].append((time_ms, fraud))
    used_before = 0
    for campaign in campaigns["loan_fraud"]:
        own = by_account[int(campaign["account"][0])]
        assert all(fraud >= 0 for time_ms, fraud in own if time_ms >= campaign["time_ms"][0])
        used_before += any(time_ms < campaign["time_ms"][0] for time_ms, _ in own)
    assert used_before / len(campaigns["loan_fraud"]) > 0.9


def test_ordinary_transactions_are_interleaved_with_campaigns(rows: Rows) -> None:
    by_account: dict[int, list[int]] = defaultdict(list)
    for account, campaign in rows[["account", "campaign"]].tolist():
        by_account[account].append(campaign)
    interrupted = sum(
        any(
            before == after >= 0 > between
            for before, between, after in zip(own, own[1:], own[2:], strict=False)
        )
        for own in by_account.values()
    )
    assert interrupted > 5
