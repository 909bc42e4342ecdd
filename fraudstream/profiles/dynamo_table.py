"""The DynamoDB table of profiles: its definition, and its creation."""

from typing import TYPE_CHECKING, Final

from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PARTITION_KEY: Final = "key"
SORT_KEY: Final = "part"
EXPIRY: Final = "expires_s"
"""The attribute by which DynamoDB deletes expired items (time to live), in epoch seconds."""
KEYS: Final = (PARTITION_KEY, SORT_KEY)


def create_profile_table(client: "DynamoDBClient", table: str) -> bool:
    """Create the table, on demand and with a time to live; False if it exists.

    Raises `ProfileStoreError` if DynamoDB refuses.
    """
    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
            KeySchema=[
                {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
                {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
            ],
        )
        client.get_waiter("table_exists").wait(TableName=table)
        client.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY}
        )
    except AWS_ERRORS as error:
        if error_code(error) == "ResourceInUseException":
            return False
        msg = f"table {table!r} can't be created: {error}"
        raise ProfileStoreError(msg) from error
    return True
