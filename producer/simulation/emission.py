"""Output order of transactions: late ones are held back, duplicates are output once more."""

from datetime import timedelta
from typing import Final

import numpy as np

from fraudstream.domain.arrays import Ints, Keys, Rows
from fraudstream.domain.duration import MINUTE_MS, SECOND_MS
from producer.simulation.block import ROW
from producer.simulation.draws import between, chance, fractions, seed_key, with_number
from producer.simulation.options import TrafficOptions

DOUBLED_AFTER_MS: Final = (SECOND_MS, 10 * MINUTE_MS)
"""Event time between a transaction and its duplicate."""


class Emission:
    """Outputs transactions in the order of their event times, except for late ones and duplicates.

    It buffers the late ones and duplicates, which is never more than ``latest`` or 10 minutes' worth.
    """

    def __init__(self, options: TrafficOptions) -> None:
        self._options = options
        self._key = seed_key(options.seed, "emission")
        self._held: Rows = np.zeros(0, ROW)
        self._held_until_ms: Ints = np.zeros(0, np.int64)

    def due(self, rows: Rows, end_ms: int) -> Rows:
        """Add the rows of a stretch; return those that are output before ``end_ms``, in output order."""
        options = self._options
        if not (options.late_share or options.doubled_share):
            return rows
        keys = with_number(self._key, rows["id"])
        out_ms = rows["time_ms"] + self._delays_ms(keys)
        doubled = chance(keys, "doubled", options.doubled_share)
        again_ms = out_ms[doubled] + between(keys[doubled], "doubled after", *DOUBLED_AFTER_MS)
        rows = np.concatenate([self._held, rows, rows[doubled]])
        out_ms = np.concatenate([self._held_until_ms, out_ms, again_ms])
        order = np.lexsort((rows["id"], out_ms))
        rows, out_ms = rows[order], out_ms[order]
        end = int(np.searchsorted(out_ms, end_ms))
        self._held, self._held_until_ms = rows[end:].copy(), out_ms[end:].copy()
        return rows[:end]

    def _delays_ms(self, keys: Keys) -> Ints:
        latest_ms = self._options.latest // timedelta(milliseconds=1)
        late = chance(keys, "late", self._options.late_share)
        return np.where(late, 1 + (fractions(keys, "late by") * latest_ms).astype(np.int64), 0)
