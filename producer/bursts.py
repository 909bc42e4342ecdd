"""Bursts of small payments by honest customers: the look-alikes of rapid fraud."""

from random import Random
from typing import Final

from fraudstream.duration import MINUTE_MS
from fraudstream.transaction import Transaction
from producer.bank import UNSENT, Account, Details, round_vnd
from producer.everyday import FOREIGN_COUNTRIES, located, paid_to, signed_in, whereabouts
from producer.rhythm import spread_times

BURST_SHARE: Final = 0.003
"""Share of visits that are bursts; at 13 payments each about 4 % of the honest transactions."""
BURST_TRANSACTIONS: Final = (8, 18)
BURST_SPAN_MS: Final = (2 * MINUTE_MS, 5 * MINUTE_MS - 1)
BURST_AMOUNT_VND: Final = (10_000, 100_000)
MEAN_TRANSACTIONS_PER_VISIT: Final = 1 + BURST_SHARE * (sum(BURST_TRANSACTIONS) / 2 - 1)


def is_burst(rng: Random) -> bool:
    """Draw whether a visit is a burst of small payments in place of one transaction."""
    return rng.random() < BURST_SHARE


def burst(rng: Random, account: Account, start_ms: int) -> list[Transaction]:
    """Make 8 to 18 small honest payments within 5 minutes, not yet numbered.

    A drive through toll gates, the shop of a game (often abroad, with a card fee), or a market
    seller who is paid by QR code.
    """
    details = rng.choice((_toll, _game, _qr_sale))
    count = rng.randint(*BURST_TRANSACTIONS)
    times_ms = spread_times(rng, start_ms, count, rng.randint(*BURST_SPAN_MS))
    shared = details(rng, account)
    fee_share = rng.uniform(0.01, 0.06) if shared["country"] != "VN" else 0.0
    return [
        account.transaction(
            rng, time_ms, UNSENT, {**shared, **_small_payment(rng, account, fee_share, shared)}
        )
        for time_ms in times_ms
    ]


def _toll(rng: Random, account: Account) -> Details:
    return {
        "transaction_type": "purchase",
        "channel": "auto_debit",
        "country": "VN",
        **paid_to(rng.choice(account.bank.toll_merchants)),
        **located(rng, whereabouts(rng, account)),
    }


def _game(rng: Random, account: Account) -> Details:
    return {
        "transaction_type": "purchase",
        "channel": "mobile",
        "country": rng.choice(("VN", *FOREIGN_COUNTRIES)),
        **paid_to(rng.choice(account.bank.game_merchants)),
        **signed_in(rng, account),
    }


def _qr_sale(rng: Random, account: Account) -> Details:
    return {"transaction_type": "qr_receipt", "channel": "qr", "country": "VN", **signed_in(rng, account)}


def _small_payment(rng: Random, account: Account, fee_share: float, shared: Details) -> Details:
    amount_vnd = round_vnd(rng.uniform(*BURST_AMOUNT_VND))
    payment: Details = {
        "transaction_amount_vnd": amount_vnd,
        "transaction_fees_vnd": float(round(amount_vnd * fee_share)),
    }
    if shared["transaction_type"] == "qr_receipt":
        payment["counterparty_id"] = account.bank.counterparty_id(rng)
    return payment
