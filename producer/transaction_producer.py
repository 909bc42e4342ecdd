"""Connections of a producer as a Python object: its settings, its streams, and the transaction API.

>>> from producer.transaction_producer import TransactionProducer
>>> report = TransactionProducer().test_connections()  # doctest: +SKIP
>>> report.is_usable, report.problems()  # doctest: +SKIP
(True, [])
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudstream.runtime.aws_credentials import export_aws_credentials
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_settings import StreamSettings
from producer.api_checks import api_checks
from producer.checks import Check, lines, run_checks
from producer.record_source import api_access_if_set
from producer.simulation import LabelledTransaction, TrafficOptions, ending_at, generate
from producer.source_api import ApiAccess

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

    from producer.client import TransactionClient


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """Results of `TransactionProducer.test_connections`; ``sent`` was put if every check passed."""

    settings: StreamSettings
    checks: tuple[Check, ...]
    sent: LabelledTransaction

    @property
    def is_usable(self) -> bool:
        """Whether every check passed."""
        return not self.problems()

    def problems(self) -> list[str]:
        """Return each problem with its fix, one line each."""
        return [f"{check.what}: {check.remedy}" for check in self.checks if check.remedy is not None]

    def lines(self) -> Iterator[str]:
        """Yield the report: region and endpoint, a line for each check, and the transaction that was sent."""
        endpoint = self.settings.endpoint_url or "AWS"
        stream = self.settings.transactions_stream
        yield f"Region {self.settings.aws_region}, endpoint {endpoint}, stream {stream}"
        yield from lines(list(self.checks))
        if self.is_usable:
            transaction, label = self.sent
            nature = label.fraud_type or "normal"
            amount = f"{transaction.transaction_amount_vnd:,.0f} VND"
            yield f"Sent {transaction.transaction_id}, {nature}, {amount}"


def _api_client(access: ApiAccess) -> "TransactionClient":
    return access.client(time.sleep)


class TransactionProducer:
    """The connections that a producer needs; making one opens none of them.

    Without ``settings``, the environment and ``.env`` are read, and the AWS credentials in ``.env`` are
    exported; raises `SettingsError` if any setting is invalid. The other arguments are for tests.
    """

    def __init__(
        self,
        settings: StreamSettings | None = None,
        *,
        connect: "Callable[[StreamSettings], KinesisClient]" = kinesis_client,
        find_api: Callable[[], ApiAccess | None] = api_access_if_set,
        connect_api: "Callable[[ApiAccess], TransactionClient]" = _api_client,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        if settings is None:
            export_aws_credentials()
            settings = StreamSettings.load()
        self.settings = settings
        self._connect = connect
        self._find_api = find_api
        self._connect_api = connect_api
        self._now_ms = now_ms

    def test_connections(self) -> ConnectionReport:
        """Check credentials, streams, permissions and the transaction API; put one transaction.

        A check that fails is part of the report and raises nothing. The API is checked if its address is set.
        """
        labelled = self._new_transaction()
        record = Record(labelled.transaction.to_json(), labelled.transaction.account_id)
        checks = run_checks(self.settings, record, self._connect)
        return ConnectionReport(
            self.settings, (*checks, *api_checks(self._find_api, self._connect_api)), labelled
        )

    def _new_transaction(self) -> LabelledTransaction:
        now_ms = self._now_ms()
        # The clock as seed: the transaction id must not collide with one that a run sends.
        return next(generate(ending_at(TrafficOptions(seed=now_ms, start_ms=0), 1, now_ms)))
