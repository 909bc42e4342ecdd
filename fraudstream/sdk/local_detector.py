"""Decisions in this process, without a server: the stream's features and model over a profile store."""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast, overload

import orjson
from pydantic import SecretStr

from fraudstream.domain.catalogue import CatalogueError
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.domain.transaction import Transaction
from fraudstream.online.core_jvm import CoreError
from fraudstream.online.decision_documents import (
    ROUND_RATE,
    DollarRate,
    check_document,
    decision_document,
    transaction_record,
)
from fraudstream.online.engine_opening import EngineParts, OpenedEngine, open_engine
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import find_project_root
from fraudstream.scoring.manifest import ModelError
from fraudstream.sdk.sdk_answers import FraudCheck
from fraudstream.sdk.sdk_errors import NoScoreError, RequestRefusedError, SetupError
from fraudstream.sdk.service_calls import TransactionInput, encoded

HASH_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")
SHIPPED_MODEL: Final = Path("models") / "v1"
"""The model of a checkout, relative to its root."""


class LocalDetector:
    """The detector that ``FraudDetector.local`` returns; ``predict``, ``check`` and ``decide`` as over HTTP.

    Confined to the thread that has made it. It takes nothing for the stream, so it has no ``send``.
    """

    def __init__(self, opened: OpenedEngine, rate: DollarRate = ROUND_RATE) -> None:
        self._opened = opened
        self._rate = rate
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        """Return the detector itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the store; the JVM stays, since a process can start only one."""
        self._opened.close()

    @property
    def store_error(self) -> str | None:
        """The last reason why profiles could not be read, without a password; None if there is none."""
        return self._opened.engine.reader.last_error

    def check(self, transaction: TransactionInput) -> FraudCheck:
        """Return the score, the risk level and the factors of one transaction.

        Raises `RequestRefusedError` for a transaction that the parser refuses, and `NoScoreError` for one
        that the stream would refuse, such as a late one.
        """
        began_s = time.perf_counter()
        body = orjson.loads(encoded(transaction))
        (decision,) = self._decided([transaction_record(body, wall_clock_ms(), self._rate)], features=False)
        if decision.error is not None:
            raise NoScoreError(decision.error)
        elapsed_ms = round(1000 * (time.perf_counter() - began_s), 3)
        return cast("FraudCheck", check_document(decision, elapsed_ms))

    def predict(self, transaction: TransactionInput) -> FraudCheck:
        """Return the same as `check`."""
        return self.check(transaction)

    @overload
    def decide(
        self, transactions: Mapping[str, Any] | Transaction, *, features: bool = False
    ) -> dict[str, Any]: ...

    @overload
    def decide(
        self, transactions: Sequence[TransactionInput], *, features: bool = False
    ) -> list[dict[str, Any]]: ...

    def decide(
        self, transactions: TransactionInput | Sequence[TransactionInput], *, features: bool = False
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the decision on a transaction, or a list of those on several, in their order.

        None of several sees another. Raises `RequestRefusedError` if the parser refuses one of them.
        """
        if isinstance(transactions, Mapping | Transaction):
            return self._documents([transactions], features=features)[0]
        return self._documents(transactions, features=features)

    def _documents(self, transactions: Sequence[TransactionInput], *, features: bool) -> list[dict[str, Any]]:
        records = [encoded(each) for each in transactions]
        return [decision_document(each) for each in self._decided(records, features=features)]

    def _decided(self, records: Sequence[bytes], *, features: bool) -> list[OnlineDecision]:
        if threading.get_ident() != self._thread:
            msg = "a local detector belongs to the thread that has made it: make one for each thread"
            raise SetupError(msg)
        found = self._opened.engine.decide(records, with_features=features) if records else []
        for place, each in enumerate(found):
            if isinstance(each, RefusedRecordError):
                raise _refusal(each, place, len(found))
        return [each for each in found if isinstance(each, OnlineDecision)]


def local_detector(  # noqa: PLR0913 - independent options
    model: str | Path | None,
    store: str | None,
    hash_key: str | None,
    *,
    catalogue: str | Path | None = None,
    threshold: float | None = None,
    usd_vnd_rate: float | None = None,
) -> LocalDetector:
    """Return a detector in this process; see ``FraudDetector.local``. Raises `SetupError`."""
    if store is not None and hash_key is None:
        msg = "store needs hash_key, the 32 hexadecimal digits of the job's setting FRAUDSTREAM_HASH_KEY"
        raise SetupError(msg)
    if hash_key is not None and not HASH_KEY.fullmatch(hash_key):
        msg = "hash_key: it is not 32 hexadecimal digits; give the job's setting FRAUDSTREAM_HASH_KEY"
        raise SetupError(msg)
    parts = EngineParts(
        model=Path(model) if model is not None else _shipped_model(),
        catalogue=None if catalogue is None else Path(catalogue),
        store=None if store is None else SecretStr(store),
        hash_key=None if hash_key is None else SecretStr(hash_key),
        threshold=threshold,
    )
    try:
        opened = open_engine(parts)
    except (CoreError, ModelError, CatalogueError, ProfileStoreError) as error:
        raise SetupError(str(error)) from error
    return LocalDetector(opened, ROUND_RATE if usd_vnd_rate is None else DollarRate(usd_vnd_rate, "given"))


def _shipped_model() -> Path:
    root = find_project_root()
    if root is None:
        msg = "model is missing: a wheel has no model; give the folder of a version, such as models/v1"
        raise SetupError(msg)
    return root / SHIPPED_MODEL


def _refusal(error: RefusedRecordError, place: int, count: int) -> RequestRefusedError:
    """Return the refusal as the API words it."""
    field = error.field if count == 1 else f"{place}.{error.field}"
    wrong = {"field": field, "value": error.value, "remedy": error.remedy}
    members = {"detail": str(error), "errors": [wrong], "reason": error.reason}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return RequestRefusedError(status, status.phrase, members, None)
