"""Command ``python -m localstack.tables``, which creates the project's DynamoDB tables on an emulator.

The tables are those of the alert consumer and of customers' metadata. It is idempotent: existing tables are
left unchanged. It refuses to run against AWS, for which docs/alerts.md and docs/customer-metadata.md have
the commands.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from alerts.clients import dynamodb_client
from alerts.handlers.table import EXPIRY, KEY
from fraudstream.profiles import customer_table
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.terminal import shown
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PROGRESS_KEYS: Final = ("pk", "sk")
ALERT_KEYS: Final = (KEY,)
CUSTOMER_KEYS: Final = (customer_table.KEY,)


def create_tables(
    settings: StreamSettings, progress: str, alerts: str, customers: str = customer_table.DEFAULT_TABLE
) -> None:
    """Create the tables of consumers' progress, of alerts and of customers' metadata if they are missing.

    Raises `StreamError` if the endpoint is not an emulator or rejects the request.
    """
    if not settings.is_emulator:
        msg = "the endpoint is not an emulator: set AWS_ENDPOINT_URL to one; on AWS, see docs/alerts.md"
        raise StreamError(msg)
    client = dynamodb_client(settings)
    _create(client, progress, PROGRESS_KEYS, expiry=EXPIRY)
    _create(client, alerts, ALERT_KEYS, expiry=EXPIRY)
    _create(client, customers, CUSTOMER_KEYS)


def _create(client: "DynamoDBClient", table: str, keys: tuple[str, ...], expiry: str | None = None) -> None:
    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": "HASH" if place == 0 else "RANGE"}
                for place, key in enumerate(keys)
            ],
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


def main(
    *,
    progress: Annotated[str, typer.Option(help="Table of the progress of consumers")] = "AlertConsumers",
    alerts: Annotated[str, typer.Option(help="Table of alerts")] = "FraudAlerts",
    customers: Annotated[
        str, typer.Option(help="Table of customers' metadata")
    ] = customer_table.DEFAULT_TABLE,
) -> None:
    """Create the tables on the emulator; existing ones are left unchanged."""
    settings = load_settings()
    with stream_errors_reported():
        create_tables(settings, progress, alerts, customers)
    tables = f"{progress}, {alerts} and {customers}"
    sys.stdout.write(f"{shown(f'{tables} exist at {settings.endpoint_url}')}\n")


if __name__ == "__main__":
    run_command(main)
