from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from fraudstream.duration import DAY_MS, MINUTE_MS
from fraudstream.transaction import FRAUD_TYPES, FraudType, Transaction
from producer.bank import Account, Bank
from producer.patterns import PATTERNS
from producer.patterns.base import Pattern
from producer.rhythm import OFF_HOURS, OFFICE_HOURS, Rhythm, vietnam_hour

START_MS = 1_767_250_000_000
CAMPAIGNS = 2_000
BY_TYPE = {pattern.fraud_type: pattern for pattern in PATTERNS}

Campaign = list[Transaction]


def an_account(rng: Random) -> Account:
    return Bank(rng, 7, 100).open_account(rng, num_transactions=20, closes_ms=START_MS + DAY_MS)


@pytest.fixture(scope="module")
def campaigns() -> dict[FraudType, list[Campaign]]:
    rng = Random(11)
    bank = Bank(rng, 7, 100)
    accounts = [bank.open_account(rng, num_transactions=20, closes_ms=START_MS) for _ in range(200)]
    return {
        pattern.fraud_type: [pattern.campaign(rng, rng.choice(accounts), START_MS) for _ in range(CAMPAIGNS)]
        for pattern in PATTERNS
    }


def span_ms(campaign: Campaign) -> int:
    return campaign[-1].event_time_ms - campaign[0].event_time_ms


def amounts(campaign: Campaign) -> list[float]:
    return [transaction.transaction_amount_vnd for transaction in campaign]


def fee_shares(campaign: Campaign) -> list[float]:
    return [(t.transaction_fees_vnd or 0) / t.transaction_amount_vnd for t in campaign]


def loans(campaign: Campaign) -> list[float]:
    return [transaction.total_loans_vnd or 0 for transaction in campaign]


def devices(campaign: Campaign) -> list[str]:
    return [transaction.device_id or "" for transaction in campaign]


def types(campaign: Campaign) -> set[str | None]:
    return {transaction.transaction_type for transaction in campaign}


def within(low: float, values: list[float], high: float) -> bool:
    return low <= min(values) and max(values) <= high


def failures(campaign: Campaign) -> float:
    return campaign[0].biometric_failure_count or 0


# Fraud type, sign, whether a campaign has it, and whether every one must or all but the subtle ones.
SIGNS: list[tuple[FraudType, str, Callable[[Campaign], bool], bool]] = [
    ("money_laundering", "within 5 minutes", lambda c: span_ms(c) < 5 * MINUTE_MS, True),
    ("money_laundering", "16 to 24", lambda c: 16 <= len(c) <= 24, False),
    ("money_laundering", "8 at least", lambda c: len(c) >= 8, True),
    ("money_laundering", "over 300 million", lambda c: min(amounts(c)) > 300e6, False),
    ("money_laundering", "150 million to 1 billion", lambda c: within(150e6, amounts(c), 1e9), True),
    ("money_laundering", "transfers", lambda c: types(c) == {"transfer"}, True),
    ("money_laundering", "several receivers", lambda c: len({t.counterparty_id for t in c}) > 1, True),
    ("account_takeover", "3 to 6", lambda c: 3 <= len(c) <= 6, True),
    ("account_takeover", "3 to 6 failures", lambda c: 3 <= failures(c) <= 6, False),
    ("account_takeover", "a failure", lambda c: failures(c) >= 1, True),
    ("account_takeover", "a new device", lambda c: devices(c)[0].startswith("DEV_NEW_9"), True),
    ("account_takeover", "one device", lambda c: len(set(devices(c))) == 1, True),
    ("loan_fraud", "1 to 3", lambda c: 1 <= len(c) <= 3, True),
    ("loan_fraud", "loans over 500 million", lambda c: within(500.1e6, loans(c), 2e9), False),
    ("loan_fraud", "loans of 300 million", lambda c: within(300e6, loans(c), 2e9), True),
    ("loan_fraud", "non-performing", lambda c: all(t.npl_flag for t in c), False),
    ("loan_fraud", "paid out first", lambda c: c[0].transaction_type == "loan_disbursement", True),
    ("loan_fraud", "then cashed", lambda c: types(c[1:]) <= {"withdrawal", "transfer"}, True),
    ("loan_fraud", "no more than the loan", lambda c: sum(amounts(c[1:])) <= 1.03 * amounts(c)[0], True),
    ("fee_manipulation", "within 5 minutes", lambda c: span_ms(c) < 5 * MINUTE_MS, True),
    ("fee_manipulation", "13 to 24", lambda c: 13 <= len(c) <= 24, False),
    ("fee_manipulation", "7 at least", lambda c: len(c) >= 7, True),
    ("fee_manipulation", "10,000 to 100,000", lambda c: within(10e3, amounts(c), 100e3), True),
    ("fee_manipulation", "fees of 10 to 50 %", lambda c: within(0.0999, fee_shares(c), 0.5001), False),
    ("fee_manipulation", "fees of 3 % at least", lambda c: within(0.0299, fee_shares(c), 0.5001), True),
    ("fee_manipulation", "one merchant", lambda c: len({t.merchant_id for t in c} - {None}) == 1, True),
]  # fmt: skip


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
    share = sum(map(holds, campaigns[fraud_type])) / CAMPAIGNS
    if always:
        assert share == 1
    else:
        assert 0.8 < share < 0.97


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_about_15_percent_of_campaigns_lack_one_obvious_sign_and_never_two(
    campaigns: dict[FraudType, list[Campaign]], fraud_type: FraudType
) -> None:
    obvious = [holds for of_type, _, holds, always in SIGNS if of_type == fraud_type and not always]
    missing = [sum(not holds(campaign) for holds in obvious) for campaign in campaigns[fraud_type]]
    assert 0.12 < sum(count > 0 for count in missing) / CAMPAIGNS < 0.18
    assert max(missing) == 1


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.fraud_type)
def test_a_campaign_is_as_long_as_expected_on_average(
    campaigns: dict[FraudType, list[Campaign]], pattern: Pattern
) -> None:
    mean = sum(map(len, campaigns[pattern.fraud_type])) / CAMPAIGNS
    assert mean == pytest.approx(pattern.expected_transactions, rel=0.04)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.fraud_type)
def test_a_campaign_starts_when_told_and_goes_on_in_order_on_one_account(
    campaigns: dict[FraudType, list[Campaign]], pattern: Pattern
) -> None:
    for campaign in campaigns[pattern.fraud_type]:
        assert campaign[0].event_time_ms == START_MS
        assert all(one.event_time_ms <= next_.event_time_ms for one, next_ in pairwise(campaign))
        assert len({transaction.account_id for transaction in campaign}) == 1


def test_there_is_one_pattern_for_each_class_of_fraud() -> None:
    assert tuple(pattern.fraud_type for pattern in PATTERNS) == FRAUD_TYPES


def test_a_stranger_takes_over_from_another_city() -> None:
    rng = Random(3)
    account = an_account(rng)
    cities = {t.city for _ in range(50) for t in BY_TYPE["account_takeover"].campaign(rng, account, START_MS)}
    assert account.home.name not in cities
    assert len(cities) > 5


def test_a_takeover_leaves_less_each_time_and_never_takes_more_than_there_is() -> None:
    rng = Random(3)
    account = an_account(rng)
    for _ in range(200):
        taken = amounts(BY_TYPE["account_takeover"].campaign(rng, account, START_MS))
        assert sum(taken) <= 8.0 * account.salary_vnd + 1_000 * len(taken)


def test_only_loan_fraud_wants_a_new_account() -> None:
    assert [pattern.fraud_type for pattern in PATTERNS if pattern.on_new_account] == ["loan_fraud"]


@pytest.mark.parametrize(
    ("rhythm", "hours"), [(OFF_HOURS, {22, 23, 0, 1, 2, 3}), (OFFICE_HOURS, set(range(8, 17)))]
)
def test_a_rhythm_keeps_its_hours_and_its_daily_rate(rhythm: Rhythm, hours: set[int]) -> None:
    """300 gaps of a tenth of a day's activity, in 30 days.

    OFF_HOURS   |22 23 00 01 02 03|----- 18 hours of nothing -----|22 23 00 01 02 03|
    starts       x  x  x  x x  x x                                 x  x  x  x x  x x
    """
    times_ms = [START_MS]
    for _ in range(300):
        times_ms.append(rhythm.after(times_ms[-1], 0.1))
    assert {vietnam_hour(time_ms) for time_ms in times_ms[1:]} <= hours
    assert len({vietnam_hour(time_ms) for time_ms in times_ms[1:]}) == len(hours)
    assert times_ms == sorted(times_ms)
    assert times_ms[-1] - times_ms[0] == pytest.approx(30 * DAY_MS, abs=DAY_MS)


@pytest.mark.parametrize("weights", [(1,) * 23, (0,) * 24, (-1, *(1,) * 23)])
def test_a_rhythm_without_24_usable_weights_is_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="give 24 weights"):
        Rhythm(weights)
