"""Factory of progress and redrive stores, from the setting ``store``."""

import uuid
from datetime import timedelta
from pathlib import Path

from alerts.alert_settings import DYNAMODB, SQLITE, AlertSettings
from alerts.clients import dynamodb_client
from alerts.store.dynamodb import DynamoStore
from alerts.store.progress_store import ProgressStore
from alerts.store.redrives import DynamoRedrives, RedriveStore, SqliteRedrives
from alerts.store.sqlite import SqliteStore
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.stream_settings import StreamSettings

MILLISECOND = timedelta(milliseconds=1)


def open_progress(
    settings: StreamSettings, options: AlertSettings, name: str, stop: StopSignal
) -> ProgressStore:
    """Open the progress store of the consumer ``name``; its calls end within a second of ``stop``.

    Raises `StoreError` if it is unusable.
    """
    consumer = f"{settings.alerts_stream}/{name}"
    keep_ids_ms = options.keep_ids // MILLISECOND
    if options.store.startswith(SQLITE):
        return SqliteStore(Path(options.store.removeprefix(SQLITE)), consumer, keep_ids_ms=keep_ids_ms)
    table = options.store.removeprefix(DYNAMODB)
    client = bounded_client(lambda: dynamodb_client(settings), stop)
    return DynamoStore(client, table, consumer, owner=uuid.uuid4().hex, keep_ids_ms=keep_ids_ms)


def open_redrives(settings: StreamSettings, options: AlertSettings, stop: StopSignal) -> RedriveStore:
    """Open the store of redrives; its calls end within a second of ``stop``.

    Raises `StoreError` if it is unusable.
    """
    if options.store.startswith(SQLITE):
        return SqliteRedrives(Path(options.store.removeprefix(SQLITE)))
    client = bounded_client(lambda: dynamodb_client(settings), stop)
    return DynamoRedrives(client, options.store.removeprefix(DYNAMODB))
