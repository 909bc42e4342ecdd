"""The simulated bank as fraud patterns see it; the simulator implements it.

So patterns describe their campaigns in the library, and the library knows no simulator.
"""

from typing import Final, Protocol

from fraudstream.domain.arrays import Bools, Ints, Keys, Rows

OBVIOUS: Final = 0
"""The way of a campaign that shows every sign of its class; the subtle ways count from 1."""


class SimulatedBank(Protocol):
    """Draws, accounts, partners and plans; arrays in, arrays out, element by element.

    A draw is a hash of a key and its purpose: the same two always give the same number. Accounts are
    addressed by their row in the bank's table; rows move over time, account numbers don't.
    """

    def between(self, keys: Keys, purpose: str, low: int | Ints, high: int | Ints) -> Ints:
        """Draw whole numbers from ``low`` to ``high``, both inclusive, less than 2**32 apart."""

    def chance(self, keys: Keys, purpose: str, share: float) -> Bools:
        """Draw which ones are among a ``share`` of 0 to 1."""

    def bits(self, keys: Keys, purpose: str) -> Keys:
        """Draw keys that are independent of these, one for each."""

    def with_number(self, keys: Keys, numbers: Ints) -> Keys:
        """Return a key for each pair of a key and a number; the two are broadcast."""

    def ways(self, keys: Keys, count: int) -> Ints:
        """Draw which of ``count`` thresholds each campaign stays below; `OBVIOUS` for none of them."""

    def victims(self, keys: Keys, time_ms: Ints) -> Ints:
        """Draw an account that is open then for each campaign; return its row."""

    def open_accounts(self, numbers: Ints, opened_hours: Ints, closes_hours: Ints) -> Ints:
        """Open an account for each campaign number, for the hours since 1970 given; return its row."""

    def account_numbers(self, rows: Ints) -> Ints:
        """Return the numbers of accounts."""

    def set_loans(self, rows: Ints, loans_vnd: Ints) -> None:
        """Set what accounts owe."""

    def merchants(self, keys: Keys) -> Ints:
        """Draw merchants; popular ones more often."""

    def counterparties(self, keys: Keys) -> Ints:
        """Draw people and firms outside, who receive or send money."""

    def accounts_as_counterparties(self, rows: Ints) -> Ints:
        """Return the bank's own accounts as counterparties of each other."""

    def other_cities(self, keys: Keys, purpose: str, rows: Ints) -> Ints:
        """Draw a city for each account that is not its home."""

    def new_devices(self, keys: Keys) -> Ints:
        """Draw devices that the bank sees for the first time."""

    def foreign_countries(self) -> int:
        """Return how many foreign countries there are; codes count from 1, 0 is home."""

    def prices_vnd(self, amounts_vnd: Ints) -> Ints:
        """Round amounts as prices are."""

    def kind(self, name: str) -> int:
        """Return the code of a kind of transaction, like ``large_transfer``; ``KeyError`` if unknown."""

    def ordinary_kinds(self, keys: Keys, purpose: str) -> Ints:
        """Draw kinds as often as honest customers use them."""

    def spread(self, keys: Keys, start_ms: Ints, counts: Ints, span_ms: Ints) -> tuple[Ints, Ints, Ints]:
        """Spread ``counts`` transactions of each key over its span, both ends inclusive, in order.

        Returns for each transaction the place of its key, its number within it from 0 on, and its time;
        the first is at ``start_ms`` itself.
        """

    def plans(self, keys: Keys, **columns: Ints | Keys | Bools | int) -> Rows:
        """Return a plan for each key; columns that are not given are left to the kind, or 0."""

    def joined(self, parts: list[Rows]) -> Rows:
        """Put the plans of several sources together."""
