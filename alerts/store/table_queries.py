"""Queries of the DynamoDB table that progress and redrives share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef


def partition_items(
    client: "DynamoDBClient", table: str, partition: str
) -> list[dict[str, "AttributeValueTypeDef"]]:
    """Return all items with a partition key; errors of the client are not converted."""
    request: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": partition}},
        "ConsistentRead": True,
    }
    found: list[dict[str, AttributeValueTypeDef]] = []
    # No paginator: its calls would have no deadline.
    while True:
        page = client.query(**request)
        found += page["Items"]
        if not page.get("LastEvaluatedKey"):
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
