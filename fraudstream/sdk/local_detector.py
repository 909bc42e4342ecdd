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
from pydantic import SecretStr, ValidationError

from fraudstream.domain.catalogue import CatalogueError
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.domain.transaction import Transaction
from fraudstream.online.answer_formats import check_answer, decision_answer
from fraudstream.online.core_jvm import CoreError
from fraudstream.online.engine_opening import EngineParts, OpenedEngine, open_engine
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.online.online_kernel import KernelLimits
from fraudstream.online.submitted_transactions import (
    USD_VND_RATE,
    SimpleTransaction,
    SubmittedRecord,
    completed,
    new_transaction_id,
)
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import find_project_root
from fraudstream.scoring.manifest import ModelError
from fraudstream.sdk.sdk_answers import FraudCheck
from fraudstream.sdk.sdk_errors import NoScoreError, RequestRefusedError, SetupError
from fraudstream.sdk.service_calls import TransactionInput, encoded

HASH_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")
MAX_VALUE_CHARACTERS: Final = 100
"""Most characters of an invalid value that an error shows."""
SHIPPED_MODEL: Final = Path("models") / "v1"
"""The model of a checkout, relative to its root."""


class LocalDetector:
    """The detector that ``FraudDetector.local`` returns; ``predict``, ``check`` and ``decide`` as over HTTP.

    Confined to the thread that has made it. It takes nothing for the stream, so it has no ``send``.
    """

    def __init__(self, opened: OpenedEngine, usd_vnd_rate: float) -> None:
        self._opened = opened
        self._usd_vnd_rate = usd_vnd_rate
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
        try:
            simple = SimpleTransaction.model_validate_json(encoded(transaction))
        except ValidationError as error:
            raise _invalid(error) from None
        record = simple.record(wall_clock_ms(), new_transaction_id, self._usd_vnd_rate)
        (decision,) = self._decided([record.data], features=False)
        if isinstance(decision, RefusedRecordError):
            raise _refusal([decision])
        if decision.score is None:
            raise NoScoreError(decision.error)
        return cast("FraudCheck", check_answer(decision, "en", 1000 * (time.perf_counter() - began_s)))

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

        None of several sees another. One that the parser refuses has a ``problem`` instead of a decision.
        Raises `RequestRefusedError` if it refuses all of them.
        """
        if isinstance(transactions, Mapping | Transaction):
            return self._answers([transactions], features=features)[0]
        return self._answers(transactions, features=features)

    def _answers(self, transactions: Sequence[TransactionInput], *, features: bool) -> list[dict[str, Any]]:
        now_ms = wall_clock_ms()
        submitted = [completed(encoded(each), now_ms, new_transaction_id) for each in transactions]
        found = self._decided([each.data for each in submitted], features=features)
        refused = [each for each in found if isinstance(each, RefusedRecordError)]
        if refused and len(refused) == len(found):
            raise _refusal(refused)
        return [_answer(*each) for each in zip(submitted, found, strict=True)]

    def _decided(
        self, records: Sequence[bytes], *, features: bool
    ) -> list[OnlineDecision | RefusedRecordError]:
        if threading.get_ident() != self._thread:
            msg = "a local detector belongs to the thread that has made it: make one for each thread"
            raise SetupError(msg)
        return self._opened.engine.decide(records, with_features=features) if records else []


def local_detector(  # noqa: PLR0913 - independent options
    model: str | Path | None,
    store: str | None,
    hash_key: str | None,
    *,
    catalogue: str | Path | None = None,
    threshold: float | None = None,
    usd_vnd_rate: float = USD_VND_RATE,
    limits: KernelLimits | None = None,
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
        limits=limits or KernelLimits(),
    )
    try:
        opened = open_engine(parts)
    except (CoreError, ModelError, CatalogueError, ProfileStoreError) as error:
        raise SetupError(str(error)) from error
    return LocalDetector(opened, usd_vnd_rate)


def _shipped_model() -> Path:
    root = find_project_root()
    if root is None:
        msg = "model is missing: a wheel has no model; give the folder of a version, such as models/v1"
        raise SetupError(msg)
    return root / SHIPPED_MODEL


def _answer(submitted: SubmittedRecord, result: OnlineDecision | RefusedRecordError) -> dict[str, Any]:
    if isinstance(result, RefusedRecordError):
        return {"problem": {"reason": result.reason} | _wrong(result, result.field)}
    # Through JSON it is the same as over HTTP, with reasons as dictionaries.
    answer: dict[str, Any] = orjson.loads(orjson.dumps(decision_answer(result, submitted.generated)))
    return answer


def _refusal(refused: Sequence[RefusedRecordError]) -> RequestRefusedError:
    """Return the refusal of transactions that the parser refuses, as the API words it."""
    is_one = len(refused) == 1
    errors = [
        _wrong(each, each.field if is_one else f"{place}.{each.field}") for place, each in enumerate(refused)
    ]
    return _unprocessable("; ".join(map(str, refused)), errors)


def _invalid(error: ValidationError) -> RequestRefusedError:
    """Return the refusal of a transaction in the short form."""
    errors = [
        {
            "field": ".".join(map(str, each["loc"])),
            "value": repr(each["input"])[:MAX_VALUE_CHARACTERS],
            "remedy": each["msg"],
        }
        for each in error.errors(include_url=False, include_context=False)
    ]
    detail = "; ".join(f"{each['field']}={each['value']}: {each['remedy']}" for each in errors)
    return _unprocessable(detail, errors)


def _unprocessable(detail: str, errors: list[dict[str, str]]) -> RequestRefusedError:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return RequestRefusedError(status, status.phrase, {"detail": detail, "errors": errors}, None)


def _wrong(error: RefusedRecordError, field: str) -> dict[str, str]:
    return {"field": field, "value": error.value, "remedy": error.remedy}
