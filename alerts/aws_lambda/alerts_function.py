"""Delivery of the alerts of one Kinesis event to SNS and DynamoDB, with a partial batch response."""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from alerts.alert_settings import DYNAMODB, AlertSettings
from alerts.aws_lambda.kinesis_events import EventReader, batch_answer, records_of
from alerts.aws_lambda.lambda_alert_settings import LambdaAlertSettings
from alerts.clients import dynamodb_client, sns_client
from alerts.delivery import Delivery, DeliveryDependencies
from alerts.handlers.handler_chain import HandlerChain
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.store.dynamodb import DynamoStore
from alerts.store.enduring import EnduringStore
from alerts.store.refused_table import RefusedTable
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.outages import Outage
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.runtime.structured_logs import get_logger
from fraudstream.streams.positions import Position
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sns.client import SNSClient

    from alerts.handlers.handler_protocol import AlertHandler

LOGGER_NAME: Final = "alerts_lambda"
MARGIN_MS: Final = 2_500
"""Time before the function's timeout at which it stops: a call that is under way ends within a second."""
MILLISECOND: Final = timedelta(milliseconds=1)

_logger = get_logger(LOGGER_NAME)


class InvocationContext(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's timeout."""


class StoreOfIds(DynamoStore):
    """A `DynamoStore` without positions, which Lambda's event source mapping keeps."""

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Do nothing."""


class AlertsFunction:
    """The function: call it with an event and a context.

    Its clients are made once, when Lambda loads it, and used by all invocations.
    """

    def __init__(  # noqa: PLR0913 - settings and clients
        self,
        options: AlertSettings,
        targets: LambdaAlertSettings,
        consumer: str,
        *,
        dynamodb: "DynamoDBClient",
        sns: "SNSClient",
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        """Take settings and clients; raises `SettingsError` if the store is not a DynamoDB table."""
        if not options.store.startswith(DYNAMODB):
            msg = (
                f"ALERTS_STORE: {options.store!r} can't be used: a Lambda function has no disk that lasts; "
                f"set it to {DYNAMODB}TABLE"
            )
            raise SettingsError(msg)
        self._store_table = options.store.removeprefix(DYNAMODB)
        self._options = options
        self._targets = targets
        self._consumer = consumer
        self._dynamodb = dynamodb
        self._sns = sns
        self._now_ms = now_ms

    @classmethod
    def load(cls) -> Self:
        """Make the function from the environment.

        Raises `SettingsError` if it has an invalid setting, and `AwsCredentialsError` without credentials.
        """
        settings = StreamSettings.load()
        targets = LambdaAlertSettings.load()
        return cls(
            AlertSettings.load(),
            targets,
            f"{settings.alerts_stream}/{targets.name}",
            dynamodb=dynamodb_client(settings),
            sns=sns_client(settings),
        )

    def __call__(self, event: Mapping[str, Any], context: InvocationContext) -> dict[str, Any]:
        """Deliver the alerts of an event; returns the first record that is to be handed over again, if any.

        Failures of targets and of the store that may pass are retried until shortly before the timeout.
        Raises `EventError`, `HandlerError` and `StoreError` otherwise; Lambda then repeats the whole batch,
        of which delivered alerts are recognised by their ids.
        """
        records = records_of(event)
        left_ms = context.get_remaining_time_in_millis() - MARGIN_MS
        if left_ms <= 0:
            return batch_answer(records)
        with _stop_after(left_ms) as stop:
            delivery = self._delivery(EventReader(records), stop)
            delivery.step()
        failed = delivery.unfinished
        _logger.info(str(delivery.counts), records=len(records), unfinished=len(failed))
        return batch_answer(failed)

    def _delivery(self, reader: EventReader, stop: StopSignal) -> Delivery:
        dynamodb = bounded_client(lambda: self._dynamodb, stop)
        keep_ms = self._options.table_keep // MILLISECOND
        handlers: list[AlertHandler] = []
        if self._targets.table_name is not None:
            handlers.append(
                TableHandler(dynamodb, self._targets.table_name, keep_ms=keep_ms, now_ms=self._now_ms)
            )
        if self._targets.topic_arn is not None:
            handlers.append(SnsHandler(bounded_client(lambda: self._sns, stop), self._targets.topic_arn))
        keep_ids_ms = self._options.keep_ids // MILLISECOND
        store = StoreOfIds(
            dynamodb, self._store_table, self._consumer, owner=uuid.uuid4().hex, keep_ids_ms=keep_ids_ms
        )
        outage = Outage(f"store {self._options.store}", _logger.warning)
        return Delivery(
            DeliveryDependencies(
                reader=reader,
                store=EnduringStore(store, outage=outage, stop=stop, now_ms=self._now_ms),
                handler=HandlerChain(handlers),
                refused=RefusedTable(dynamodb, self._store_table, self._consumer, keep_ms=keep_ms),
                now_ms=self._now_ms,
                on_problem=_logger.warning,
                stop=stop,
            )
        )


@contextmanager
def _stop_after(left_ms: int) -> Iterator[StopSignal]:
    """Provide a stop that is set after ``left_ms``."""
    stop = StopSignal()
    timer = threading.Timer(left_ms / 1000, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield stop
    finally:
        timer.cancel()
