"""Command ``python -m localstack.tables``, which creates the project's DynamoDB tables on an emulator.

It is idempotent: existing tables are left unchanged. It refuses to run against AWS, for which docs/alerts.md,
docs/ingestion-gateway.md and docs/customer-metadata.md have the commands, and ``fraudstream profiles
create``.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alerts.clients import dynamodb_client
from alerts.handlers.table import EXPIRY, KEY
from fraudstream.profiles import customer_table
from fraudstream.profiles.dynamo_table import create_profile_table
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.terminal import shown
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings
from serving.gateway.idempotency_dynamodb import IDEMPOTENCY_KEY
from serving.transaction_table.table_items import ACCOUNT, BY_TRANSACTION, SORT, TRANSACTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeySchemaElementTypeDef

PROGRESS_KEYS: Final = ("pk", "sk")
ALERT_KEYS: Final = (KEY,)
TRANSACTION_KEYS: Final = (ACCOUNT, SORT)
IDEMPOTENCY_KEYS: Final = (IDEMPOTENCY_KEY,)
CUSTOMER_KEYS: Final = (customer_table.KEY,)
NO_INDEXES: Final[Mapping[str, tuple[str, ...]]] = {}


def create_tables(settings: StreamSettings, progress: str, alerts: str, profiles: str | None = None) -> None:
    """Create the tables of consumers' progress, of alerts and, if named, of profiles where they are missing.

    Raises `StreamError` if the endpoint is not an emulator or rejects the request.
    """
    client = _emulator_client(settings)
    _create(client, progress, PROGRESS_KEYS)
    _create(client, alerts, ALERT_KEYS)
    if profiles is not None:
        try:
            create_profile_table(client, profiles)
        except ProfileStoreError as error:
            raise StreamError(str(error)) from error


def create_serving_tables(settings: StreamSettings, transactions: str, idempotency: str) -> None:
    """Create the table of transactions and that of idempotency keys if they are missing.

    Raises `StreamError` as `create_tables` does.
    """
    client = _emulator_client(settings)
    create_transaction_table(client, transactions)
    _create(client, idempotency, IDEMPOTENCY_KEYS)


def create_transaction_table(client: "DynamoDBClient", table: str) -> None:
    """Create a table with the layout of `serving.transaction_table.table_items` if it is missing."""
    _create(client, table, TRANSACTION_KEYS, {BY_TRANSACTION: (ACCOUNT, TRANSACTION)})


def _emulator_client(settings: StreamSettings) -> "DynamoDBClient":
    if not settings.is_emulator:
        msg = "the endpoint is not an emulator: set AWS_ENDPOINT_URL to one; on AWS, see docs/alerts.md"
        raise StreamError(msg)
    return dynamodb_client(settings)


def create_customer_table(settings: StreamSettings, table: str) -> None:
    """Create the table of customers' metadata if it is missing.

    Raises `StreamError` as `create_tables` does.
    """
    _create(_emulator_client(settings), table, CUSTOMER_KEYS, expiry=None)


def _create(
    client: "DynamoDBClient",
    table: str,
    keys: tuple[str, ...],
    indexes: Mapping[str, tuple[str, ...]] = NO_INDEXES,
    *,
    expiry: str | None = EXPIRY,
) -> None:
    names = sorted({*keys, *(key for index in indexes.values() for key in index)})
    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=_schema(keys),
            **_indexes(indexes),
        )
        client.get_waiter("table_exists").wait(TableName=table)
        if expiry is not None:
            client.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": expiry}
            )
    except AWS_ERRORS as error:
        if error_code(error) != "ResourceInUseException":
            msg = f"table {table!r} can't be created: {error}"
            raise StreamError(msg) from error


def _schema(keys: tuple[str, ...]) -> "list[KeySchemaElementTypeDef]":
    return [
        {"AttributeName": key, "KeyType": "HASH" if place == 0 else "RANGE"} for place, key in enumerate(keys)
    ]


def _indexes(indexes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the argument of ``create_table`` for global indexes with all attributes; none must be absent."""
    described = [
        {"IndexName": name, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "ALL"}}
        for name, keys in indexes.items()
    ]
    return {"GlobalSecondaryIndexes": described} if described else {}


def main(  # noqa: PLR0913 - an option for each table
    *,
    progress: Annotated[str, typer.Option(help="Table of the progress of consumers")] = "AlertConsumers",
    alerts: Annotated[str, typer.Option(help="Table of alerts")] = "FraudAlerts",
    transactions: Annotated[str, typer.Option(help="Table of transactions")] = "Transactions",
    idempotency: Annotated[
        str, typer.Option(help="Table of the gateway's idempotency keys")
    ] = "IdempotencyKeys",
    profiles: Annotated[str, typer.Option(help="Table of profiles")] = "Profiles",
    customers: Annotated[
        str, typer.Option(help="Table of customers' metadata")
    ] = customer_table.DEFAULT_TABLE,
) -> None:
    """Create the tables on the emulator; existing ones are left unchanged."""
    settings = load_settings()
    with stream_errors_reported():
        create_tables(settings, progress, alerts, profiles)
        create_serving_tables(settings, transactions, idempotency)
        create_customer_table(settings, customers)
    names = f"{progress}, {alerts}, {transactions}, {idempotency}, {profiles} and {customers}"
    sys.stdout.write(f"{shown(f'{names} exist at {settings.endpoint_url}')}\n")


if __name__ == "__main__":
    run_command(main)
