"""Kernel's core in Python: features of one transaction from stored profiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.record_gate import (
    MAX_RECORD_BYTES,
    RefusedRecordError,
    check_arrival,
    transaction_values,
)
from fraudstream.online.core_jvm import CoreError, start_core
from fraudstream.online.customer_lookup import CustomerMetadata
from fraudstream.profiles.profile_rows import ProfileKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelLimits:
    """Limits of the job whose profiles are read; a kernel with others computes other features."""

    max_record_bytes: int = MAX_RECORD_BYTES
    future_tolerance_ms: int = DAY_MS
    """Most that an event time may be after the arrival; negative: unlimited."""
    allowed_lateness_ms: int = DAY_MS
    retention_tolerance_ms: int = DAY_MS
    """The job's setting ``future_tolerance``, also where `future_tolerance_ms` is unlimited."""


class OnlineTransaction(NamedTuple):
    """A transaction that the parser accepted."""

    event: Any
    """The kernel's ``Event``."""
    transaction_id: str
    event_time_ms: int
    transaction_amount_vnd: float
    keys: tuple[ProfileKey | None, ...]
    """The profiles that its features need, in the order of `OnlineKernel.entities`; None without an id."""
    metadata_version: str | None = None
    """The version of the customer's metadata; None if no feature uses them."""

    @property
    def account_id(self) -> str:
        """The id of the account, whose profile is the first."""
        account = self.keys[0]
        return account.id if account is not None else ""


class Evaluation(NamedTuple):
    """The outcome of a transaction."""

    outcome: str
    """``new``, ``duplicate``, ``conflicting_duplicate`` or ``late``."""
    vector: npt.NDArray[np.float64] | None
    """The features, shape (width of the catalogue,), NaN where missing; None if late or conflicting."""
    out_of_reach: tuple[str, ...] = ()
    """Entities that have lost a transaction that the windows may cover; their features are missing."""


class OnlineKernel:
    """The features of one catalogue, as the job computes them. Not thread-safe: one for each thread."""

    def __init__(
        self,
        catalogue: Catalogue,
        limits: KernelLimits,
        hash_key: str | None,
        customers: CustomerMetadata | None = None,
    ) -> None:
        """Take the job's hash key, 32 hexadecimal digits; None for the published one of jobs over files.

        ``customers`` are the metadata that `fraudstream.online.customer_lookup` opens. Starts the JVM. Raises
        `CoreError` if that is impossible.
        """
        kernel = start_core()
        self._limits = limits
        self._refused = kernel.record.RefusedException
        key = kernel.record.HashKey
        self._online = kernel.OnlineFeatures(
            catalogue.to_json(),
            limits.max_record_bytes,
            limits.future_tolerance_ms,
            limits.allowed_lateness_ms,
            limits.retention_tolerance_ms,
            key.BATCH if hash_key is None else key.fromHex(hash_key),
            kernel.customers.CustomerMetadata.NONE if customers is None else customers,
        )
        self.entities = tuple(str(name) for name in self._online.entities())

    def parse(self, record: bytes, arrival_ms: int) -> OnlineTransaction:
        """Return the transaction of a JSON record that arrives at ``arrival_ms``, epoch ms.

        Raises `RefusedRecordError` as the job refuses it.
        """
        try:
            event = self._online.transaction(record, arrival_ms)
        except self._refused as refused:
            self._check(record, arrival_ms)
            raise RefusedRecordError(str(refused.refusal.reason), str(refused.getMessage())) from None
        keys = tuple(
            None if id_ is None else ProfileKey(entity, str(id_))
            for entity, id_ in zip(self.entities, self._online.ids(event), strict=True)
        )
        version = event.metadataVersion
        return OnlineTransaction(
            event,
            str(event.transactionId),
            int(event.timeMs),
            float(event.amountVnd),
            keys,
            None if version is None else str(version),
        )

    def _check(self, record: bytes, arrival_ms: int) -> None:
        """Raise the error of a refused record with its field and value, which the kernel has in its text."""
        values = transaction_values(record, self._limits.max_record_bytes)
        if self._limits.future_tolerance_ms >= 0:
            check_arrival(values["event_time"], arrival_ms, self._limits.future_tolerance_ms)

    def evaluate(self, transaction: OnlineTransaction, profiles: Sequence[bytes | None]) -> Evaluation:
        """Return the features that a transaction has if it arrives now; changes no profile.

        ``profiles`` are those of its keys, None if not stored. A duplicate, which the profiles have counted
        already, has its features as of its event time. Raises `CoreError` if a profile can't be read.
        """
        try:
            result = self._online.evaluate(transaction.event, list(profiles))
        except _java_io_error() as error:
            raise CoreError(str(error.getMessage())) from None
        if result.features is None:
            return Evaluation(str(result.outcome), None)
        vector = np.frombuffer(memoryview(result.features), dtype=np.float64).copy()
        return Evaluation(str(result.outcome), vector, tuple(str(each) for each in result.outOfReach))

    def replay(self) -> Any:  # noqa: ANN401 - JPype has no types
        """Return the kernel's ``HistoryReplay``: histories that stay in memory, of this catalogue and key.

        It uses this object's parser, so calls to the two must not overlap.
        """
        return start_core().HistoryReplay(self._online)

    def apply(
        self, transaction: OnlineTransaction, profiles: Sequence[bytes | None]
    ) -> tuple[Evaluation, list[bytes | None]]:
        """Return the features of a transaction, and the profiles to store; None where nothing changed."""
        result = self._online.apply(transaction.event, list(profiles))
        changed = [None if each is None else bytes(each) for each in result.profiles]
        if result.features is None:
            return Evaluation(str(result.outcome), None), changed
        vector = np.frombuffer(memoryview(result.features), dtype=np.float64).copy()
        names = tuple(str(each) for each in result.outOfReach)
        return Evaluation(str(result.outcome), vector, names), changed


def _java_io_error() -> Any:  # noqa: ANN401 - JPype has no types
    import jpype  # noqa: PLC0415 - imported by then

    return jpype.JPackage("java").io.IOException
