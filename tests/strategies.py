"""Random catalogues and random streams for them, for every test against the reference.

`cases` draws a catalogue, arrivals and an allowed lateness that fit together: events fall on the exact
edges of windows, bursts and empty windows occur, and ids repeat.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, get_args

from hypothesis import strategies as st

from fraudstream.domain.catalogue import ENTITIES, Catalogue, Feature, TransactionFeature, WindowFeature
from fraudstream.domain.customer import CUSTOMER_COLUMNS, KYC_LEVELS, Customer
from fraudstream.domain.features import WindowStatistic, fields_of, window_fields_of
from fraudstream.domain.number_ranges import MAX_MONEY_VND
from fraudstream.domain.transaction import Label, Transaction

UNIT_MS: Final = 1_000
"""Windows, delays and times are multiples of this, give or take a millisecond."""
START_MS: Final = 1_767_373_200_000
"""2026-01-02 17:00 UTC: in Vietnam the midnight before a Saturday."""
WINDOWS_MS: Final = (1, *(UNIT_MS * units for units in (1, 2, 5, 10, 20, 50, 100)))
DELAYS_MS: Final = (0, 0, 0, 0, 1, 1, *(UNIT_MS * units for units in (1, 3, 10)))
LATENESSES_MS: Final = (0, 1, *(UNIT_MS * units for units in (1, 5, 20, 50, 10_000, 10_000, 10_000)))
TOLERANCES_MS: Final = (0, 0, 1, UNIT_MS, 20 * UNIT_MS)
WRONG_CLOCK: Final = "W"
"""An account whose event times may all be wrong, so that the entities it shares see outliers."""
WRONG_BY_MS: Final = (0, *(UNIT_MS * units for units in (50, 500, -500, 10**8, -(10**8))))
LARGEST: Final = int(MAX_MONEY_VND)
"""The largest valid amount."""

NUMBER_STATISTICS: Final = ("sum", "mean", "min", "max", "std", "ratio_to_mean", "z_score", "last_n")
NUMBER_FIELDS: Final = fields_of({"number"})
METADATA_NUMBERS: Final = 2 * [field for field in NUMBER_FIELDS if field in CUSTOMER_COLUMNS]
"""Drawn more often than others, of which there are more."""
TEXT_FIELDS: Final = window_fields_of({"text"})
FILLED_TEXT_FIELDS: Final = (*ENTITIES, "channel", "city", "status")
"""Texts that repeat; other values are null or unique to a transaction."""


@dataclass(frozen=True)
class Case:
    """A catalogue, a stream in order of arrival, the allowed lateness and the future tolerance."""

    catalogue: Catalogue
    arrivals: list[Transaction | Label]
    allowed_lateness_ms: int
    future_tolerance_ms: int
    customers: dict[str, Customer]
    """The metadata of some of the customers."""


# ---- catalogues ----


@st.composite
def windows(draw: st.DrawFn, name: str, row_names: list[str]) -> WindowFeature:
    """Draw a window, which may read row features."""
    statistic = draw(st.sampled_from(get_args(WindowStatistic)))
    operands: dict[str, Any] = {}
    if statistic in NUMBER_STATISTICS:
        operands["column"] = draw(st.sampled_from(NUMBER_FIELDS + row_names))
    if statistic == "distinct":
        columns = [*NUMBER_FIELDS, *TEXT_FIELDS, "npl_flag", *row_names]
        operands["column"] = draw(st.sampled_from(columns))
    if statistic == "occurrences":
        operands["column"] = draw(st.sampled_from(FILLED_TEXT_FIELDS))
    if statistic == "last_n":
        operands["n"] = draw(st.sampled_from((1, 2, 3, 64)))
    return WindowFeature.model_validate(
        {
            "name": name,
            "entity": draw(st.sampled_from(ENTITIES)),
            "statistic": statistic,
            "window": draw(st.sampled_from(WINDOWS_MS)),
            "delay": draw(st.sampled_from(DELAYS_MS)),
        }
        | operands
    )


def _operands(numbers: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the statistic of a row feature with its operands; ``numbers`` are features before it."""
    number = st.sampled_from((*NUMBER_FIELDS, *METADATA_NUMBERS))
    text = st.sampled_from(("channel", "city", "status", "device_id", *2 * ("customer_segment",)))
    words = st.sampled_from(TEXTS)
    threshold = st.sampled_from((-1.0, 0.0, 1.0, 2.5, 1e6))
    hours = st.integers(0, 23)
    compare = st.sampled_from(("above", "at_least", "at_most"))
    choices: list[st.SearchStrategy[dict[str, Any]]] = [
        _spec("value", column=st.sampled_from([*NUMBER_FIELDS, "npl_flag"])),
        _spec("hour"),
        _spec("hour_between", from_hour=hours, to_hour=hours),
        _spec("weekend"),
        _spec(compare, column=number, threshold=threshold),
        _spec("between", column=number, low=st.sampled_from((-1.0, 0.0)), high=st.sampled_from((1.0, 1e6))),
        _spec("equals", column=text, text=words),
        _spec("starts_with", column=text, prefix=st.sampled_from(("H", "D", "dec"))),
        _spec("code", column=text, values=st.lists(words, min_size=1, max_size=3, unique=True)),
        _spec("ratio", column=number, denominator=number),
    ]
    if numbers:
        others = st.lists(st.sampled_from(numbers), min_size=1, max_size=3)
        choices += [
            _spec("any", of=others),
            _spec(compare, of=others.map(lambda names: names[:1]), threshold=threshold),
        ]
    return st.one_of(choices)


def _spec(statistic: str | st.SearchStrategy[str], **operands: st.SearchStrategy[Any]) -> Any:  # noqa: ANN401 - a strategy
    named = st.just(statistic) if isinstance(statistic, str) else statistic
    return st.fixed_dictionaries({"statistic": named, **operands})


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Draw a catalogue over all statistics, whose windows may read its own row features."""
    features: list[Feature] = []
    for place in range(draw(st.integers(1, 12))):
        rows = [each.name for each in Catalogue(tuple(features)).row_features] if features else []
        numbers = [each.name for each in features if each.width == 1]
        if draw(st.sampled_from((True, True, False))):
            features.append(draw(windows(f"f{place}", rows)))
        else:
            spec = draw(_operands(numbers)) | {"name": f"f{place}", "entity": "transaction"}
            features.append(TransactionFeature.model_validate(spec))
    return Catalogue(tuple(features))


# ---- arrivals ----

TEXTS: Final = ("", "declined", "completed", "Huế", "Hà Nội", "D1")
AMOUNTS: Final = (1.0, 50_000.0, 1_234_567.89, 399_999_999.0, LARGEST - 0.125, float(LARGEST))
"""Doubles lie an eighth apart just below the largest."""
LATITUDES: Final = (21.0285, 10.8231, 0.0, -33.9, 90.0, -90.0)
LONGITUDES: Final = (105.8542, 106.6297, 0.0, 151.2, 180.0, -180.0)

_ids = st.sampled_from(("a", "a", "a", "a", "b", "", "ă", None))
_amounts = st.sampled_from(AMOUNTS) | st.integers(1, LARGEST).map(float)
_money = st.sampled_from((1.0, 0.0, -0.0, None, float(LARGEST))) | st.integers(0, LARGEST).map(
    lambda hundredths: hundredths / 100
)
_counts = st.sampled_from((0.0, 1.0, 2.0, 3.0, None))
_texts = st.sampled_from((*TEXTS, None))

_fields: Final[dict[str, st.SearchStrategy[Any]]] = {
    "account_id": st.sampled_from(("A", "A", "A", "B", "Ă", WRONG_CLOCK)),
    "transaction_amount_vnd": _amounts,
    "customer_id": _ids,
    "device_id": _ids,
    "merchant_id": _ids,
    "counterparty_id": _ids,
    "transaction_fees_vnd": _money,
    "total_loans_vnd": _money,
    "biometric_failure_count": _counts,
    "num_transactions": _counts,
    "channel": _texts,
    "city": _texts,
    "status": _texts,
    "latitude": st.sampled_from((*LATITUDES, None)),
    "longitude": st.sampled_from((*LONGITUDES, None)),
    "npl_flag": st.sampled_from((True, False, None)),
}

_STEPS: Final = (1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 5, 5, 10, 20, 100)
"""Units from one transaction to the next: bursts, exact window lengths, and pauses that empty windows."""
_BEHIND: Final = (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5, 20, 40)
"""Units that a transaction arrives late."""
_JITTER_MS: Final = (0, 0, 0, 0, 0, 0, -1, 1)


@st.composite
def transactions(draw: st.DrawFn, *, min_size: int = 1, max_size: int = 30) -> list[Transaction]:
    """Draw new transactions in order of arrival: tied, late and out of order, without duplicates."""
    drawn: list[Transaction] = []
    clock_ms = START_MS
    wrong_by_ms = draw(st.sampled_from(WRONG_BY_MS))
    numbers: Counter[str] = Counter()
    for _ in range(draw(st.integers(min_size, max_size))):
        clock_ms += UNIT_MS * draw(st.sampled_from(_STEPS))
        behind_ms = UNIT_MS * draw(st.sampled_from(_BEHIND)) + draw(st.sampled_from(_JITTER_MS))
        fields = draw(st.fixed_dictionaries(_fields))
        if fields["account_id"] == WRONG_CLOCK:
            behind_ms -= wrong_by_ms
        # Each account counts its own: the same ids come from all of them.
        numbers[fields["account_id"]] += 1
        own_id = f"t{numbers[fields['account_id']]}"
        drawn.append(Transaction(transaction_id=own_id, event_time_ms=clock_ms - behind_ms, **fields))
    return drawn


@st.composite
def labels_of(draw: st.DrawFn, transaction: Transaction) -> Label:
    """Draw a label of a transaction, available from its own time on or later."""
    delay_ms = UNIT_MS * draw(st.sampled_from((0, 0, 0, 1, 2, 5))) + draw(st.sampled_from((0, 0, 1)))
    return Label(
        transaction_id=transaction.transaction_id,
        account_id=transaction.account_id,
        event_time_ms=transaction.event_time_ms,
        available_at_ms=transaction.event_time_ms + delay_ms,
        is_fraud=draw(st.sampled_from((True, True, False))),
        customer_id=transaction.customer_id,
        device_id=transaction.device_id,
        merchant_id=transaction.merchant_id,
        counterparty_id=transaction.counterparty_id,
    )


@st.composite
def copies_of(draw: st.DrawFn, transaction: Transaction) -> Transaction:
    """Draw duplicates: the same id with the same record, or with another amount."""
    amount_vnd = draw(st.sampled_from((transaction.transaction_amount_vnd, 7.0)))
    return replace(transaction, transaction_amount_vnd=amount_vnd)


def _extras(transaction: Transaction) -> st.SearchStrategy[Transaction | Label]:
    return st.one_of(labels_of(transaction), labels_of(transaction), copies_of(transaction))


@st.composite
def arrivals(draw: st.DrawFn, *, min_size: int = 1, max_size: int = 30) -> list[Transaction | Label]:
    """Draw a stream: transactions, their duplicates, and labels that arrive before or after their own."""
    new = draw(transactions(min_size=min_size, max_size=max_size))
    stream: list[Transaction | Label] = [*new]
    for _ in range(draw(st.integers(0, len(new)))):
        extra = draw(st.sampled_from(new).flatmap(_extras))
        stream.insert(draw(st.integers(0, len(stream))), extra)
    return stream


_customers: Final = st.dictionaries(
    st.sampled_from(("a", "b", "", "ă")),
    st.builds(
        Customer,
        # An empty text is unknown in a file.
        segment=st.sampled_from((None, *filter(None, TEXTS))),
        kyc_level=st.sampled_from((None, *map(int, KYC_LEVELS))),
        customer_since=st.sampled_from((None, date(2020, 2, 29), date(2026, 1, 2), date(2026, 1, 3))),
    ),
    min_size=2,
)


@st.composite
def cases(draw: st.DrawFn, *, min_size: int = 1, max_size: int = 30) -> Case:
    """Draw a catalogue with a stream and a lateness that some of the stream exceeds."""
    stream = draw(arrivals(min_size=min_size, max_size=max_size))
    lateness_ms, tolerance_ms = draw(st.sampled_from(LATENESSES_MS)), draw(st.sampled_from(TOLERANCES_MS))
    return Case(draw(catalogues()), stream, lateness_ms, tolerance_ms, draw(_customers))


@st.composite
def shared_cases(draw: st.DrawFn) -> Case:
    """Draw a case of entities with one id each, which all accounts share, also those with a wrong clock."""

    def shared(each: Transaction | Label) -> Transaction | Label:
        return replace(each, customer_id="a", device_id="a", merchant_id="a", counterparty_id="a")

    drawn = draw(cases(min_size=25, max_size=40))
    lateness_ms = draw(st.sampled_from((0, UNIT_MS, 20 * UNIT_MS)))
    return replace(drawn, arrivals=[shared(each) for each in drawn.arrivals], allowed_lateness_ms=lateness_ms)


def with_times_of_their_own(drawn: list[Transaction]) -> list[Transaction]:
    """Return the transactions with their event times moved apart, so that no two are equal."""
    taken: set[int] = set()
    moved = []
    for transaction in drawn:
        time_ms = next(t for t in itertools.count(transaction.event_time_ms) if t not in taken)
        taken.add(time_ms)
        moved.append(replace(transaction, event_time_ms=time_ms))
    return moved
