"""A seeded stream of transactions and labels in which the order of arrival matters."""

import random
from collections.abc import Sequence
from dataclasses import replace

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import Label, Transaction

START_MS = 1_767_571_200_000
"""2026-01-05 00:00 UTC."""
YEAR_2099_MS = 4_070_908_800_000
STEPS_MS = (0, 0, 1, 1_000, MINUTE_MS, 10 * MINUTE_MS, 2 * HOUR_MS)
BEHIND_MS = (0, 0, 0, 0, 1, MINUTE_MS, HOUR_MS, 5 * HOUR_MS)
LABEL_DELAYS_MS = (0, 0, 0, 1, MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS)
AMOUNTS_VND = (50_000.0, 123_456.78, 399_000_000.0, 1e15)
CITIES = (("Hà Nội", 21.0285, 105.8542), ("Huế", 16.4637, 107.5909), (None, None, None))


def transactions(seed: int, count: int) -> list[Transaction]:
    """Return new transactions in order of arrival: tied, up to hours out of order, on few entities."""
    rng = random.Random(seed)
    clock_ms = START_MS
    stream = []
    for number in range(count):
        clock_ms += rng.choice(STEPS_MS)
        city, latitude, longitude = rng.choice(CITIES)
        stream.append(
            Transaction(
                transaction_id=f"t{number}",
                event_time_ms=clock_ms - rng.choice(BEHIND_MS),
                account_id=f"A{rng.randrange(8)}",
                transaction_amount_vnd=rng.choice(AMOUNTS_VND),
                transaction_fees_vnd=rng.choice((None, 1.5, 1_100.0)),
                customer_id=rng.choice((None, "C1")),
                device_id=rng.choice((None, "", "D1", "D2", "DEV_NEW_91")),
                merchant_id=rng.choice((None, "M1", "M2", "Ă")),
                counterparty_id=rng.choice((None, "P1", "P2", "P3")),
                channel=rng.choice((None, "mobile", "atm")),
                city=city,
                latitude=latitude,
                longitude=longitude,
                biometric_failure_count=rng.choice((None, 0.0, 3.0)),
                npl_flag=rng.choice((None, True, False)),
                status=rng.choice(("completed", "declined", None)),
            )
        )
    return stream


def with_copies(stream: Sequence[Transaction], seed: int) -> list[Transaction]:
    """Return the stream with every tenth transaction duplicated: at once or a little later."""
    rng = random.Random(seed)
    mixed = list(stream)
    for each in rng.sample(stream, len(stream) // 10):
        mixed.insert(mixed.index(each) + 1 + rng.randrange(30), each)
    return mixed


def with_conflicts(stream: Sequence[Transaction], seed: int) -> list[Transaction]:
    """Return the stream with every thirtieth transaction followed, soon, by another one under its id."""
    rng = random.Random(seed)
    mixed = list(stream)
    for each in rng.sample(stream, len(stream) // 30):
        changes = rng.choice(
            (
                {"transaction_amount_vnd": each.transaction_amount_vnd - 1},
                {"event_time_ms": each.event_time_ms + 1},
                {"city": f"{each.city}!"},
            )
        )
        place = mixed.index(each) + 1 + rng.randrange(5)
        mixed.insert(place, replace(each, **changes))
    return mixed


def with_late_ones(stream: Sequence[Transaction], seed: int, *, late_ms: int) -> list[Transaction]:
    """Return the stream with a late transaction of the same account, ``late_ms`` older, after every 50th."""
    rng = random.Random(seed)
    mixed = list(stream)
    for each in rng.sample(stream, len(stream) // 50):
        older_ms = each.event_time_ms - late_ms
        late = replace(each, transaction_id=f"{each.transaction_id}-late", event_time_ms=older_ms)
        mixed.insert(mixed.index(each) + 1, late)
    return mixed


def with_wrong_clocks(stream: Sequence[Transaction], seed: int) -> list[Transaction]:
    """Return the stream with transactions of accounts whose clocks are years behind or ahead.

    Those ahead come last: in batch mode they bring all labels that are available before them.
    """
    rng = random.Random(seed)
    mixed = list(stream)
    for number, each in enumerate(rng.sample(stream, len(stream) // 20)):
        behind = replace(
            each, transaction_id=f"w{number}", account_id=f"behind-{number}", event_time_ms=START_MS // 2
        )
        mixed.insert(mixed.index(each) + 1, behind)
    for number, each in enumerate(stream[-200::4]):
        ahead = replace(
            each,
            transaction_id=f"w{number}",
            account_id=f"ahead-{number}",
            event_time_ms=each.event_time_ms + START_MS + number * DAY_MS,
        )
        mixed.insert(mixed.index(each) + 1, ahead)
    return mixed


def one_future_row() -> list[Transaction]:
    """Return six transactions of six accounts at one merchant within an hour, the third of them in 2099."""
    minutes = [0, 10, None, 20, 30, 40]
    return [
        Transaction(
            transaction_id=f"T{number}",
            event_time_ms=YEAR_2099_MS if minute is None else START_MS + minute * MINUTE_MS,
            account_id=f"of-merchant-{number}",
            transaction_amount_vnd=1_000.0,
            merchant_id="with one future row",
        )
        for number, minute in enumerate(minutes)
    ]


def labels(stream: Sequence[Transaction], seed: int) -> list[Label]:
    """Return labels in no order: some duplicated, some withdrawn, some available immediately."""
    rng = random.Random(seed)
    found: list[Label] = []
    for transaction in stream:
        if rng.random() < 0.3:
            continue
        label = label_of(transaction, rng)
        found.append(label)
        if rng.random() < 0.2:
            found.append(label)
        if rng.random() < 0.2:
            later_ms = label.available_at_ms + rng.choice((0, 1, HOUR_MS))
            found.append(replace(label, is_fraud=not label.is_fraud, available_at_ms=later_ms))
    rng.shuffle(found)
    return found


def label_of(transaction: Transaction, rng: random.Random) -> Label:
    """Return a label that is available from the transaction's own time on, or later."""
    return Label(
        transaction_id=transaction.transaction_id,
        account_id=transaction.account_id,
        event_time_ms=transaction.event_time_ms,
        available_at_ms=transaction.event_time_ms + rng.choice(LABEL_DELAYS_MS),
        is_fraud=rng.random() < 0.6,
        customer_id=transaction.customer_id,
        device_id=transaction.device_id,
        merchant_id=transaction.merchant_id,
        counterparty_id=transaction.counterparty_id,
    )
