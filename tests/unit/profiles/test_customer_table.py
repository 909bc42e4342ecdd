"""The table of customers' metadata, against an imitation of boto3's client."""

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from fraudstream.domain.customer import Customer
from fraudstream.profiles.customer_table import CustomerTable, CustomerTableError

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = "user-metadata"


class FakeClient:
    """Keeps items; ``leaves`` says how many keys or items of a call it leaves unprocessed."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.leaves: Callable[[int], int] = lambda _call: 0
        self.error: Exception | None = None
        self.sizes: list[int] = []

    def _taken(self, requested: list[Any]) -> tuple[list[Any], list[Any]]:
        if self.error is not None:
            raise self.error
        self.sizes.append(len(requested))
        kept = len(requested) - self.leaves(len(self.sizes))
        return requested[:kept], requested[kept:]

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        request = RequestItems[TABLE]
        taken, left = self._taken(request["Keys"])
        found = [self.items[key["user_id"]["S"]] for key in taken if key["user_id"]["S"] in self.items]
        unprocessed = {TABLE: request | {"Keys": left}} if left else {}
        return {"Responses": {TABLE: found}, "UnprocessedKeys": unprocessed}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        taken, left = self._taken(RequestItems[TABLE])
        for request in taken:
            item = request["PutRequest"]["Item"]
            self.items[item["user_id"]["S"]] = item
        return {"UnprocessedItems": {TABLE: left} if left else {}}


@pytest.fixture(name="client")
def fixture_client() -> FakeClient:
    return FakeClient()


@pytest.fixture(name="table")
def fixture_table(client: FakeClient) -> CustomerTable:
    fake: Any = client
    return CustomerTable(fake, TABLE, sleep=lambda _seconds: None)


def test_what_is_written_is_read_and_unknown_customers_are_left_out(
    client: FakeClient, table: CustomerTable
) -> None:
    customers = {
        "C1": Customer(segment="mass", kyc_level=0, customer_since=date(2020, 2, 29)),
        "Đ": Customer(),
    }
    assert list(table.write(customers.items())) == [2]
    assert client.items["C1"]["kyc_level"] == {"N": "0"}
    found = table.read(["C1", "", "Đ", "C2"])
    assert {id_: Customer.of_texts(texts) for id_, texts in found.items()} == customers


def test_a_level_may_be_a_text_and_a_value_of_another_type_is_one_that_no_column_takes(
    client: FakeClient, table: CustomerTable
) -> None:
    client.items["C1"] = {
        "user_id": {"S": "C1"},
        "segment": {"N": "5"},
        "kyc_level": {"S": "3"},
        "customer_since": {"NULL": True},
    }
    assert table.read(["C1"]) == {"C1": {"segment": " ", "kyc_level": "3"}}
    with pytest.raises(ValueError, match="segment is blank"):
        Customer.of_texts(table.read(["C1"])["C1"])


def test_many_customers_are_written_25_at_a_time_and_counted(
    client: FakeClient, table: CustomerTable
) -> None:
    assert list(table.write((f"C{number}", Customer()) for number in range(60))) == [25, 50, 60]
    assert client.sizes == [25, 25, 10]


def test_what_the_table_leaves_is_asked_for_again(client: FakeClient, table: CustomerTable) -> None:
    client.leaves = lambda call: 1 if call in {1, 2} else 0
    list(table.write([("C1", Customer(kyc_level=1)), ("C2", Customer(kyc_level=2))]))
    assert client.items.keys() == {"C1", "C2"}
    client.sizes.clear()
    assert table.read(["C1", "C2"]).keys() == {"C1", "C2"}
    assert client.sizes == [2, 1, 1]


def test_a_throttled_table_is_an_error_after_some_calls(client: FakeClient, table: CustomerTable) -> None:
    client.leaves = lambda _call: 1
    with pytest.raises(CustomerTableError, match="'user-metadata' is throttled; raise its capacity"):
        table.read(["C1"])
    assert client.sizes == [1] * 4
    with pytest.raises(CustomerTableError, match="'user-metadata' is throttled"):
        list(table.write([("C1", Customer())]))


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "x"}}, "BatchGetItem"),
            "not found; create it with `fraudstream create-tables`",
        ),
        (EndpointConnectionError(endpoint_url="http://e"), "can't be used: "),
    ],
)
def test_an_error_of_the_table_names_it_and_the_remedy(
    client: FakeClient, table: CustomerTable, error: Exception, problem: str
) -> None:
    client.error = error
    with pytest.raises(CustomerTableError, match="DynamoDB table 'user-metadata'") as refused:
        table.read(["C1"])
    assert problem in str(refused.value)


def test_ids_without_a_customer_need_no_call(client: FakeClient, table: CustomerTable) -> None:
    assert table.read([""]) == {}
    assert client.sizes == []
