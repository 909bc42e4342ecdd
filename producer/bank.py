"""The bank's world: customers with their accounts, merchants, and the people they pay.

The figures are plausible ones for Vietnam (a median salary of about 9 million VND a month), chosen
by hand; none is measured. Ids carry the seed, so that two streams can be mixed without a clash.
"""

from bisect import bisect_right
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, TypedDict

from fraudstream.transaction import Transaction
from producer.cities import City, home_city
from producer.rhythm import DAY_PEOPLE, NIGHT_PEOPLE, Rhythm

MEDIAN_SALARY_VND: Final = 9_000_000
NIGHT_WORKER_SHARE: Final = 0.06
SECOND_DEVICE_SHARE: Final = 0.35
DECLINED_SHARE: Final = 0.02
FIRST_TRANSACTIONS: Final = (1, 20)
"""Lifetime count of an account when the stream first sees it, if it is new."""

MORTGAGE_VND: Final = (200_000_000, 3_000_000_000)
CONSUMER_LOAN_VND: Final = (5_000_000, 100_000_000)
MORTGAGE_SHARE: Final = 0.15
CONSUMER_LOAN_SHARE: Final = 0.25
NPL_SHARE_OF_BORROWERS: Final = 0.03
"""Honest people who fell behind; with 40 % borrowers about 1.2 % of all accounts."""

UNSENT: Final = ""
"""The id of a transaction that is planned; it gets its number when its turn comes."""

MERCHANT_CATEGORIES: Final = {
    "groceries": 0.025,
    "restaurant": 0.012,
    "fuel": 0.008,
    "fashion": 0.04,
    "electronics": 0.2,
    "pharmacy": 0.01,
    "travel": 0.15,
    "games": 0.005,
    "toll": 0.004,
}
"""Category and its typical payment, as a share of a month's salary."""


class Merchant(NamedTuple):
    """Who sells something, and in what category."""

    merchant_id: str
    category: str


class Details(TypedDict, total=False):
    """The optional part of a transaction, under the names of its fields."""

    transaction_amount_vnd: float
    transaction_type: str
    channel: str
    transaction_fees_vnd: float
    counterparty_id: str
    merchant_id: str
    merchant_category: str
    city: str
    latitude: float
    longitude: float
    device_id: str
    biometric_failure_count: float
    total_loans_vnd: float
    num_transactions: float
    npl_flag: bool
    status: str
    currency: str
    country: str


@dataclass(slots=True, kw_only=True)
class Account:
    """An account, its owner's habits, and what changes as it is used."""

    bank: "Bank"
    account_id: str
    customer_id: str
    home: City
    salary_vnd: float
    rhythm: Rhythm
    devices: list[str]
    merchants: list[Merchant]
    counterparties: list[str]
    total_loans_vnd: float
    npl_flag: bool
    num_transactions: int
    closes_ms: int
    """From this event time on the account makes no ordinary transactions: its owner has left."""
    new_phone_uses_left: int = 0
    """How often yet the newest device, `devices[0]`, shows up under the id of a new one."""

    def transaction(
        self, rng: Random, event_time_ms: int, transaction_id: str, details: Details
    ) -> Transaction:
        """Make a transaction of this account; ``details`` win over what the account would say."""
        fields: Details = {
            "status": "declined" if rng.random() < DECLINED_SHARE else "completed",
            "currency": "VND",
            "country": "VN",
            "total_loans_vnd": self.total_loans_vnd,
            "num_transactions": self.num_transactions,
            "npl_flag": self.npl_flag,
            **details,
        }
        return Transaction(
            transaction_id=transaction_id,
            event_time_ms=event_time_ms,
            account_id=self.account_id,
            customer_id=self.customer_id,
            **fields,
        )


class Bank:
    """Opens accounts, one after the other, all in one world of merchants and counterparties."""

    def __init__(self, rng: Random, seed: int, accounts: int) -> None:
        self._seed = seed
        self._opened = 0
        categories = list(MERCHANT_CATEGORIES)
        self._merchants = [
            Merchant(f"MER_{seed}_{number:05d}", categories[number % len(categories)])
            for number in range(max(100, accounts // 10))
        ]
        self._counterparties = max(1_000, 5 * accounts)
        self.toll_merchants = [merchant for merchant in self._merchants if merchant.category == "toll"]
        self.game_merchants = [merchant for merchant in self._merchants if merchant.category == "games"]
        rng.shuffle(self._merchants)

    def open_account(self, rng: Random, *, num_transactions: int, closes_ms: int) -> Account:
        """Take in a new customer, whose account has this lifetime count and closes at this time."""
        self._opened += 1
        loans_vnd = _loans_vnd(rng)
        return Account(
            bank=self,
            account_id=f"ACC_{self._seed}_{self._opened:07d}",
            customer_id=f"CUS_{self._seed}_{self._opened:07d}",
            home=home_city(rng),
            salary_vnd=rng.lognormvariate(0, 0.6) * MEDIAN_SALARY_VND,
            rhythm=NIGHT_PEOPLE if rng.random() < NIGHT_WORKER_SHARE else DAY_PEOPLE,
            devices=[device_id(rng) for _ in range(2 if rng.random() < SECOND_DEVICE_SHARE else 1)],
            merchants=[self.merchant(rng) for _ in range(rng.randint(4, 9))],
            counterparties=[self.counterparty_id(rng) for _ in range(rng.randint(3, 8))],
            total_loans_vnd=loans_vnd,
            npl_flag=loans_vnd > 0 and rng.random() < NPL_SHARE_OF_BORROWERS,
            num_transactions=num_transactions,
            closes_ms=closes_ms,
        )

    def merchant(self, rng: Random) -> Merchant:
        """Draw a merchant; a few are very popular."""
        return self._merchants[int(rng.random() ** 2 * len(self._merchants))]

    def counterparty_id(self, rng: Random) -> str:
        """Draw the receiver of a transfer, here or at another bank; a few receive very much."""
        return f"CP_{self._seed}_{int(rng.random() ** 2 * self._counterparties):07d}"


def device_id(rng: Random) -> str:
    """Return the id of a device that its owner has registered."""
    return f"DEV_{rng.getrandbits(32):08x}"


def new_device_id(rng: Random) -> str:
    """Return the id that the bank gives a device which it sees for the first time."""
    return f"DEV_NEW_9{rng.randrange(10**8):08d}"


_STEP_ENDS_VND: Final = (1_000_000, 100_000_000)
_STEPS_VND: Final = (1_000, 10_000, 1_000_000)


def round_vnd(amount_vnd: float) -> float:
    """Round as people do: to 1,000 VND below 1 million, to 10,000 below 100 million, else to 1 million.

    Never below 1,000 VND, which is about the smallest sum anyone pays.
    """
    step_vnd = _STEPS_VND[bisect_right(_STEP_ENDS_VND, amount_vnd)]
    return max(1_000.0, float(round(amount_vnd / step_vnd) * step_vnd))


def loan_vnd(rng: Random, *, mortgage: bool) -> float:
    """Draw the size of an honest loan."""
    low_vnd, high_vnd = MORTGAGE_VND if mortgage else CONSUMER_LOAN_VND
    # Log-uniform: small loans are more frequent than large ones.
    return round_vnd(low_vnd * (high_vnd / low_vnd) ** rng.random())


def _loans_vnd(rng: Random) -> float:
    drawn = rng.random()
    if drawn < MORTGAGE_SHARE + CONSUMER_LOAN_SHARE:
        return loan_vnd(rng, mortgage=drawn < MORTGAGE_SHARE)
    return 0.0
