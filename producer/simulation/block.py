"""Block of finished transactions as columns of numbers, and their records as JSON bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.arrays import Ints, Rows
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import Label, Transaction, format_time
from producer.simulation.cities import CITIES
from producer.simulation.devices import device_text
from producer.simulation.episodes import FOREIGN_COUNTRIES
from producer.simulation.kinds import CHANNELS, TYPES
from producer.simulation.merchants import ACCOUNT_BASE, CATEGORIES
from producer.simulation.places import DEGREES
from producer.simulation.plans import NONE

STATUSES: Final = ("completed", "declined")
CURRENCIES: Final = ("VND", "USD", "EUR", "JPY", "CNY")
COUNTRIES: Final = ("VN", *FOREIGN_COUNTRIES)
FLAGS: Final = (False, True)

_FIELDS: Final = (
    "id",
    "time_ms",
    "account",
    "amount_vnd",
    "customer",
    "type",
    "channel",
    "fee_vnd",
    "counterparty",
    "merchant",
    "category",
    "city",
    "latitude",
    "longitude",
    "device",
    "failures",
    "loans_vnd",
    "made",
    "npl",
    "status",
    "currency",
    "country",
)
_TRUTH: Final = ("fraud", "campaign", "subtle", "event", "balance_vnd", "overdraft_vnd")
ROW: Final = np.dtype([(name, "i8") for name in (*_FIELDS, *_TRUTH)])
"""A transaction in integers, -1 for an absent value: categories are places in the lists of this package,
coordinates are in 1e-7 degrees. The fields from ``fraud`` on are its ground truth, which is in no record."""

_NUMBER_FACTOR: Final = 387_420_491
_NUMBER_OFFSET: Final = 123_456_789
_NUMBERS: Final = 9 * 10**8
_MIN_NUMBER: Final = 10**8
_THOUSANDTHS: Final = tuple(f"{number:03d}Z" for number in range(1000))
_FOUR_DIGITS: Final = np.array([f"{number:04d}" for number in range(10_000)], dtype=object)
_DEGREES: Final = np.array(
    [f"{number // 1000}.{number % 1000:03d}" for number in range(111_000)], dtype=object
)
"""Latitudes and longitudes to 3 digits, up to those of Vietnam; 4 more digits follow."""
_SECONDS: Final = tuple(f"{number // 60:02d}:{number % 60:02d}." for number in range(3600))


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive transactions of the stream; ``rows`` is a structured array of `ROW`."""

    seed: int
    label_delay_ms: int
    rows: Rows

    def __len__(self) -> int:
        """Return the number of transactions."""
        return len(self.rows)

    def records(self) -> list[bytes]:
        """Return the bytes of each transaction, exactly as `Transaction.to_json` returns them."""
        return [(_RECORD % texts).encode() for texts in self._texts()]

    def account_ids(self) -> list[str]:
        """Return the account id of each transaction, which is its partition key."""
        return [f"ACC_{self.seed}_{number}" for number in scattered(self.rows["account"]).tolist()]

    def labels(self) -> list[bytes]:
        """Return the bytes of each transaction's label, exactly as `Label.to_json` returns them."""
        rows, seed = self.rows, self.seed
        fraud_types = _looked_up(rows["fraud"], FRAUD_TYPES)
        flags = np.where(rows["fraud"] == NONE, "false", "true").tolist()
        columns = zip(
            _ids(rows, seed), _owner_texts(rows["account"], seed, "ACC"), flags, fraud_types,
            _owner_texts(rows["customer"], seed, "CUS"), _device_texts(rows["device"]),
            _merchant_texts(rows["merchant"], seed), _counterparty_texts(rows["counterparty"], seed),
            _time_texts(rows["time_ms"]), _time_texts(rows["time_ms"] + self.label_delay_ms), strict=True,
        )  # fmt: skip
        return [(_LABEL % texts).encode() for texts in columns]

    def transactions(self) -> Iterator[tuple[Transaction, Label]]:
        """Yield each transaction and its label as objects; much slower than their bytes."""
        for row in self.rows.tolist():
            values = dict(zip(ROW.names or (), row, strict=True))
            transaction = _transaction(values, self.seed)
            yield transaction, _label(transaction, values["fraud"], self.label_delay_ms)

    def _texts(self) -> Iterator[tuple[Any, ...]]:
        rows, seed = self.rows, self.seed
        return zip(
            _ids(rows, seed), _owner_texts(rows["account"], seed, "ACC"), rows["amount_vnd"].tolist(),
            _owner_texts(rows["customer"], seed, "CUS"), _looked_up(rows["type"], TYPES),
            _looked_up(rows["channel"], CHANNELS), _money_texts(rows["fee_vnd"]),
            _counterparty_texts(rows["counterparty"], seed), _merchant_texts(rows["merchant"], seed),
            _looked_up(rows["category"], CATEGORIES), _looked_up(rows["city"], _CITY_NAMES),
            _degree_texts(rows["latitude"]), _degree_texts(rows["longitude"]), _device_texts(rows["device"]),
            _number_texts(rows["failures"]), _money_texts(rows["loans_vnd"]), _number_texts(rows["made"]),
            _FLAG_TEXTS[rows["npl"]].tolist(), _looked_up(rows["status"], STATUSES),
            _looked_up(rows["currency"], CURRENCIES), _looked_up(rows["country"], COUNTRIES),
            _time_texts(rows["time_ms"]), strict=True,
        )  # fmt: skip


_RECORD: Final = (
    '{"transaction_id":"%s","account_id":%s,"transaction_amount_vnd":%s.0,"customer_id":%s,'
    '"transaction_type":%s,"channel":%s,"transaction_fees_vnd":%s,"counterparty_id":%s,"merchant_id":%s,'
    '"merchant_category":%s,"city":%s,"latitude":%s,"longitude":%s,"device_id":%s,'
    '"biometric_failure_count":%s,"total_loans_vnd":%s,"num_transactions":%s,"npl_flag":%s,"status":%s,'
    '"currency":%s,"country":%s,"event_time":"%s"}'
)
_LABEL: Final = (
    '{"transaction_id":"%s","account_id":%s,"is_fraud":%s,"fraud_type":%s,"customer_id":%s,"device_id":%s,'
    '"merchant_id":%s,"counterparty_id":%s,"event_time":"%s","available_at":"%s"}'
)

_CITY_NAMES: Final = tuple(city.name for city in CITIES)
_FLAG_TEXTS: Final = np.array(["false", "true", "null"], dtype=object)


def scattered(numbers: Ints) -> Ints:
    """Return the 9 digits in the ids of accounts and customers: unique, and without revealing an order."""
    return (numbers * _NUMBER_FACTOR + _NUMBER_OFFSET) % _NUMBERS + _MIN_NUMBER


def _owner_id(number: int, seed: int, prefix: str) -> str:
    return f"{prefix}_{seed}_{(number * _NUMBER_FACTOR + _NUMBER_OFFSET) % _NUMBERS + _MIN_NUMBER}"


def _looked_up(codes: Ints, names: tuple[str, ...]) -> list[str]:
    # -1, the code of an absent field, picks the last text: null.
    found: list[str] = np.array([*(f'"{name}"' for name in names), "null"], dtype=object)[codes].tolist()
    return found


def _ids(rows: Rows, seed: int) -> list[str]:
    high, low = rows["id"] // len(_FOUR_DIGITS), rows["id"] % len(_FOUR_DIGITS)
    known, places = np.unique(high, return_inverse=True)
    starts = np.array([f"T{seed}-{number:06d}" for number in known.tolist()], dtype=object)
    found: list[str] = (starts[places] + _FOUR_DIGITS[low]).tolist()
    return found


def _owner_texts(numbers: Ints, seed: int, prefix: str) -> list[str]:
    texts = [f'"{prefix}_{seed}_{number}"' for number in scattered(numbers).tolist()]
    return _without_absent(texts, numbers)


def _merchant_texts(codes: Ints, seed: int) -> list[str]:
    return ["null" if code == NONE else f'"MER_{seed}_{code:05d}"' for code in codes.tolist()]


def _counterparty_texts(codes: Ints, seed: int) -> list[str]:
    return ["null" if code == NONE else f'"{_counterparty_id(code, seed)}"' for code in codes.tolist()]


def _counterparty_id(code: int, seed: int) -> str:
    if code >= ACCOUNT_BASE:
        return _owner_id(code - ACCOUNT_BASE, seed, "ACC")
    return f"CP_{seed}_{code:07d}"


def _device_texts(codes: Ints) -> list[str]:
    return ["null" if code == NONE else f'"{device_text(code)}"' for code in codes.tolist()]


def _money_texts(amounts_vnd: Ints) -> list[str]:
    return ["null" if amount == NONE else f"{amount}.0" for amount in amounts_vnd.tolist()]


def _number_texts(numbers: Ints) -> list[str]:
    return ["null" if number == NONE else str(number) for number in numbers.tolist()]


def _degree_texts(degrees: Ints) -> list[str]:
    high, low = degrees // len(_FOUR_DIGITS), degrees % len(_FOUR_DIGITS)
    texts: list[str] = (_DEGREES[high] + _FOUR_DIGITS[low]).tolist()
    return _without_absent(texts, degrees)


def _without_absent(texts: list[str], codes: Ints) -> list[str]:
    for place in np.flatnonzero(codes == NONE).tolist():
        texts[place] = "null"
    return texts


def _time_texts(time_ms: Ints) -> list[str]:
    hours = time_ms // HOUR_MS
    known, places = np.unique(hours, return_inverse=True)
    starts = np.array([format_time(hour * HOUR_MS)[:14] for hour in known.tolist()], dtype=object)
    in_hour_ms = time_ms % HOUR_MS
    seconds, thousandths = (in_hour_ms // 1000).tolist(), (in_hour_ms % 1000).tolist()
    return [
        start + _SECONDS[second] + _THOUSANDTHS[thousandth]
        for start, second, thousandth in zip(starts[places].tolist(), seconds, thousandths, strict=True)
    ]


def _named(code: int, names: tuple[str, ...]) -> str | None:
    return None if code == NONE else names[code]


def _transaction(values: dict[str, int], seed: int) -> Transaction:
    def number(name: str, divisor: int | None = None) -> float | None:
        if values[name] == NONE:
            return None
        return values[name] if divisor is None else values[name] / divisor

    customer, counterparty, merchant = (values[name] for name in ("customer", "counterparty", "merchant"))
    return Transaction(
        transaction_id=f"T{seed}-{values['id']:010d}",
        event_time_ms=values["time_ms"],
        account_id=_owner_id(values["account"], seed, "ACC"),
        transaction_amount_vnd=float(values["amount_vnd"]),
        customer_id=None if customer == NONE else _owner_id(customer, seed, "CUS"),
        transaction_type=_named(values["type"], TYPES),
        channel=_named(values["channel"], CHANNELS),
        transaction_fees_vnd=number("fee_vnd", 1),
        counterparty_id=None if counterparty == NONE else _counterparty_id(counterparty, seed),
        merchant_id=None if merchant == NONE else f"MER_{seed}_{merchant:05d}",
        merchant_category=_named(values["category"], CATEGORIES),
        city=_named(values["city"], _CITY_NAMES),
        latitude=number("latitude", DEGREES),
        longitude=number("longitude", DEGREES),
        device_id=None if values["device"] == NONE else device_text(values["device"]),
        biometric_failure_count=number("failures"),
        total_loans_vnd=number("loans_vnd", 1),
        num_transactions=number("made"),
        npl_flag=None if values["npl"] == NONE else FLAGS[values["npl"]],
        status=_named(values["status"], STATUSES),
        currency=_named(values["currency"], CURRENCIES),
        country=_named(values["country"], COUNTRIES),
    )


def _label(transaction: Transaction, fraud: int, delay_ms: int) -> Label:
    return Label(
        transaction_id=transaction.transaction_id,
        account_id=transaction.account_id,
        event_time_ms=transaction.event_time_ms,
        available_at_ms=transaction.event_time_ms + delay_ms,
        is_fraud=fraud != NONE,
        fraud_type=None if fraud == NONE else FRAUD_TYPES[fraud],
        customer_id=transaction.customer_id,
        device_id=transaction.device_id,
        merchant_id=transaction.merchant_id,
        counterparty_id=transaction.counterparty_id,
    )


def empty_rows(count: int) -> npt.NDArray[np.void]:
    """Return rows in which every field is absent."""
    rows = np.zeros(count, ROW)
    for name in ROW.names or ():
        rows[name] = NONE
    return rows
