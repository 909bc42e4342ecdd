"""What honest customers do, including what looks like fraud and is none.

For each sign of fraud there are honest people who show it (a house bought, a night shift, a new
phone, a burst of toll payments, a mortgage on a young account, a dear foreign payment), so that no
single rule can tell fraud from traffic. The bursts are in `producer.bursts`.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Final

from fraudstream.transaction import Transaction
from producer.bank import (
    MERCHANT_CATEGORIES,
    Account,
    Details,
    Merchant,
    device_id,
    loan_vnd,
    new_device_id,
    round_vnd,
)
from producer.cities import City, other_city, point_near

TRAVEL_SHARE: Final = 0.02
NEW_PHONE_SHARE: Final = 0.003
"""Share of sign-ins that are the first with a new phone."""
NEW_PHONE_USES: Final = (6, 14)
"""Sign-ins after which the bank has registered a new phone under an ordinary id."""
STRANGER_SHARE: Final = 0.2
"""Share of transfers and purchases that go to somebody the customer does not usually pay."""

TRANSFER_FEES_VND: Final = (0.0, 0.0, 0.0, 3_300.0, 5_500.0, 7_700.0)
ATM_FEES_VND: Final = (0.0, 1_100.0, 3_300.0)
LARGE_PURCHASE_VND: Final = (100_000_000, 800_000_000)
FOREIGN_COUNTRIES: Final = ("SG", "US", "JP", "KR", "TH")
FOREIGN_AMOUNT_VND: Final = (15_000, 250_000)
FOREIGN_FEE_SHARE: Final = (0.03, 0.18)
NEW_MORTGAGE_SHARE: Final = 0.15
"""Share of the honest loans paid out that are mortgages; the rest are consumer loans."""

_Kind = Callable[[Random, Account], Details]


def everyday_transaction(rng: Random, account: Account, time_ms: int, transaction_id: str) -> Transaction:
    """Make one honest transaction of an account."""
    kind = _KINDS[bisect_right(_KIND_ENDS, rng.random() * _KIND_ENDS[-1])]
    return account.transaction(rng, time_ms, transaction_id, kind(rng, account))


def signed_in(rng: Random, account: Account) -> Details:
    """Return the place and device of a customer who uses the bank's app; sometimes a new phone."""
    if account.new_phone_uses_left == 0 and rng.random() < NEW_PHONE_SHARE:
        account.devices[0] = new_device_id(rng)
        account.new_phone_uses_left = rng.randint(*NEW_PHONE_USES)
    details = located(rng, whereabouts(rng, account))
    if account.new_phone_uses_left:
        details["device_id"] = account.devices[0]
        details["biometric_failure_count"] = 1 if rng.random() < 0.4 else 0  # noqa: PLR2004 - fingers unused to it
        _wear_in_phone(rng, account)
    else:
        details["device_id"] = rng.choice(account.devices)
        details["biometric_failure_count"] = _usual_failures(rng)
    return details


def located(rng: Random, city: City) -> Details:
    """Return the fields of a place near the centre of ``city``."""
    latitude, longitude = point_near(rng, city)
    return {"city": city.name, "latitude": latitude, "longitude": longitude}


def _wear_in_phone(rng: Random, account: Account) -> None:
    account.new_phone_uses_left -= 1
    if account.new_phone_uses_left == 0:
        account.devices[0] = device_id(rng)


def whereabouts(rng: Random, account: Account) -> City:
    """Draw where the customer is: at home, now and then elsewhere."""
    return other_city(rng, account.home) if rng.random() < TRAVEL_SHARE else account.home


_FAILURE_ENDS: Final = (0.94, 0.985, 0.997)
"""Where 0, 1 and 2 failed tries end on a scale of 1; beyond are 3: a wet finger, a mask."""


def _usual_failures(rng: Random) -> int:
    return bisect_right(_FAILURE_ENDS, rng.random())


def _share_of_salary(rng: Random, account: Account, share: float, sigma: float) -> float:
    return round_vnd(account.salary_vnd * share * rng.lognormvariate(0, sigma))


def paid_to(merchant: Merchant) -> Details:
    """Return the fields of a payment to ``merchant``."""
    return {"merchant_id": merchant.merchant_id, "merchant_category": merchant.category}


def _receiver(rng: Random, account: Account) -> str:
    if rng.random() < STRANGER_SHARE:
        return account.bank.counterparty_id(rng)
    return rng.choice(account.counterparties)


def _merchant(rng: Random, account: Account) -> Merchant:
    if rng.random() < STRANGER_SHARE:
        return account.bank.merchant(rng)
    return rng.choice(account.merchants)


def _purchase_by_card(rng: Random, account: Account) -> Details:
    merchant = _merchant(rng, account)
    return {
        "transaction_type": "purchase",
        "channel": "pos",
        "transaction_amount_vnd": _share_of_salary(rng, account, MERCHANT_CATEGORIES[merchant.category], 0.7),
        "transaction_fees_vnd": 0.0,
        **paid_to(merchant),
        **located(rng, whereabouts(rng, account)),
    }


def _purchase_in_app(rng: Random, account: Account) -> Details:
    return {**_purchase_by_card(rng, account), "channel": "mobile", **signed_in(rng, account)}


def _transfer(rng: Random, account: Account) -> Details:
    amount_vnd = _share_of_salary(rng, account, 0.06, 1.1)
    by_share = rng.random() < 0.1  # noqa: PLR2004 - a few banks charge a share in place of a flat fee
    fee_vnd = float(round(amount_vnd * rng.random() * 0.001)) if by_share else rng.choice(TRANSFER_FEES_VND)
    return {
        "transaction_type": "transfer",
        "channel": "mobile" if rng.random() < 0.8 else "web",  # noqa: PLR2004 - most use their phone
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": fee_vnd,
        "counterparty_id": _receiver(rng, account),
        **signed_in(rng, account),
    }


def _bill_payment(rng: Random, account: Account) -> Details:
    return {
        "transaction_type": "bill_payment",
        "channel": "mobile",
        "transaction_amount_vnd": _share_of_salary(rng, account, 0.03, 0.6),
        "transaction_fees_vnd": 0.0,
        "counterparty_id": account.counterparties[0],
        **signed_in(rng, account),
    }


def _withdrawal(rng: Random, account: Account) -> Details:
    notes = max(1, round(_share_of_salary(rng, account, 0.12, 0.7) / 100_000))
    return {
        "transaction_type": "withdrawal",
        "channel": "atm",
        "transaction_amount_vnd": notes * 100_000.0,
        "transaction_fees_vnd": rng.choice(ATM_FEES_VND),
        **located(rng, whereabouts(rng, account)),
    }


def _deposit(rng: Random, account: Account) -> Details:
    return {
        "transaction_type": "deposit",
        "channel": "branch",
        "transaction_amount_vnd": _share_of_salary(rng, account, 0.3, 0.8),
        "transaction_fees_vnd": 0.0,
        **located(rng, account.home),
    }


def _loan_repayment(rng: Random, account: Account) -> Details:
    if account.total_loans_vnd == 0:
        return _bill_payment(rng, account)
    amount_vnd = min(account.total_loans_vnd, _share_of_salary(rng, account, 0.2, 0.4))
    account.total_loans_vnd -= amount_vnd
    # The bank collects it: nobody signs in anywhere.
    return {
        "transaction_type": "loan_repayment",
        "channel": "auto_debit",
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": 0.0,
    }


def _loan_disbursement(rng: Random, account: Account) -> Details:
    amount_vnd = loan_vnd(rng, mortgage=rng.random() < NEW_MORTGAGE_SHARE)
    account.total_loans_vnd += amount_vnd
    return {
        "transaction_type": "loan_disbursement",
        "channel": "branch",
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": 0.0,
        "total_loans_vnd": account.total_loans_vnd,
        **located(rng, account.home),
    }


def _house_or_tuition(rng: Random, account: Account) -> Details:
    return {
        **_transfer(rng, account),
        "transaction_amount_vnd": round_vnd(rng.uniform(*LARGE_PURCHASE_VND)),
        "counterparty_id": account.bank.counterparty_id(rng),
    }


def _foreign_payment(rng: Random, account: Account) -> Details:
    amount_vnd = round_vnd(rng.uniform(*FOREIGN_AMOUNT_VND))
    # A card fee abroad has a minimum, which weighs on small sums.
    return {
        **_purchase_in_app(rng, account),
        "channel": "web",
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": float(round(amount_vnd * rng.uniform(*FOREIGN_FEE_SHARE))),
        "country": rng.choice(FOREIGN_COUNTRIES),
    }


_KIND_WEIGHTS: Final[dict[_Kind, float]] = {
    _purchase_by_card: 0.22,
    _purchase_in_app: 0.23,
    _transfer: 0.27,
    _bill_payment: 0.10,
    _withdrawal: 0.09,
    _deposit: 0.03,
    _loan_repayment: 0.042,
    _loan_disbursement: 0.003,
    _house_or_tuition: 0.004,
    _foreign_payment: 0.011,
}
"""What share of visits is of what kind, bursts apart."""
_KINDS: Final = tuple(_KIND_WEIGHTS)
_KIND_ENDS: Final = tuple(accumulate(_KIND_WEIGHTS.values()))
