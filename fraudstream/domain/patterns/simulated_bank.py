"""Interface of the simulated bank for fraud patterns; the simulator implements it.

Patterns can thus describe their campaigns in the library, which does not depend on the simulator.
"""

from typing import Final, Protocol

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows

OBVIOUS: Final = 0
"""Way of a campaign that shows every sign of its fraud type; the subtle ways are numbered from 1."""


class SimulatedBank(Protocol):
    """Random draws, accounts, counterparties and plans; all methods are element-wise over arrays.

    A draw is a hash of a key and a purpose: the same pair always gives the same number. Accounts are
    addressed by their row in the bank's table; the row of an account changes over time, its account number
    does not.
    """

    def between(self, keys: Keys, purpose: str, low: int | Ints, high: int | Ints) -> Ints:
        """Draw whole numbers from ``low`` to ``high``, both inclusive, less than 2**32 apart."""

    def chance(self, keys: Keys, purpose: str, share: float) -> Bools:
        """Draw True with probability ``share`` (0 to 1)."""

    def bits(self, keys: Keys, purpose: str) -> Keys:
        """Derive an independent key from each key."""

    def with_number(self, keys: Keys, numbers: Ints) -> Keys:
        """Return a key for each pair of a key and a number; the two arrays are broadcast."""

    def ways(self, keys: Keys, count: int) -> Ints:
        """Draw each campaign's way: which of ``count`` thresholds it stays below, `OBVIOUS` for none."""

    def victims(self, keys: Keys, time_ms: Ints) -> Ints:
        """Draw an account that is open at ``time_ms`` for each campaign; return its row."""

    def open_accounts(self, numbers: Ints, opened_hours: Ints, closes_hours: Ints) -> Ints:
        """Open an account for each campaign number, between the given hours since 1970; return its row."""

    def account_numbers(self, rows: Ints) -> Ints:
        """Return the account numbers of rows."""

    def set_loans(self, rows: Ints, loans_vnd: Ints) -> None:
        """Set the loans of accounts."""

    def merchants(self, keys: Keys) -> Ints:
        """Draw merchants; popular ones more often."""

    def counterparties(self, keys: Keys) -> Ints:
        """Draw counterparties outside the bank: people and firms who receive or send money."""

    def accounts_as_counterparties(self, rows: Ints) -> Ints:
        """Return the counterparty numbers of the bank's own accounts."""

    def other_cities(self, keys: Keys, purpose: str, rows: Ints) -> Ints:
        """Draw for each account a city other than its home city."""

    def new_devices(self, keys: Keys) -> Ints:
        """Draw devices that the bank has not seen before."""

    def foreign_countries(self) -> int:
        """Return the number of foreign countries; their codes count from 1, 0 is the home country."""

    def prices_vnd(self, amounts_vnd: Ints) -> Ints:
        """Round amounts the way prices are rounded."""

    def kind(self, name: str) -> int:
        """Return the code of a kind of transaction, like ``large_transfer``; ``KeyError`` if unknown."""

    def ordinary_kinds(self, keys: Keys, purpose: str) -> Ints:
        """Draw kinds of transactions with the frequencies of honest customers."""

    def spread(self, keys: Keys, start_ms: Ints, counts: Ints, span_ms: Ints) -> tuple[Ints, Ints, Ints]:
        """Spread ``counts`` transactions of each key over its span, both ends inclusive, in order.

        Returns for each transaction the index of its key, its number within the key (from 0), and its time;
        the first one of a key is at ``start_ms``.
        """

    def plans(self, keys: Keys, **columns: Ints | Keys | Bools | int) -> Rows:
        """Return a plan for each key; columns that are not given are determined by the kind, or 0."""

    def joined(self, parts: list[Rows]) -> Rows:
        """Concatenate the plans of several sources."""
