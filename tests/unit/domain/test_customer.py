"""What the bank knows of a customer, as columns of transactions."""

from datetime import date, datetime

import pytest

from fraudstream.domain.catalogue import (
    BUILT_IN,
    CUSTOMER_FEATURES,
    Catalogue,
    CatalogueError,
    TransactionFeature,
    WindowFeature,
)
from fraudstream.domain.customer import CUSTOMER_COLUMNS, Customer, with_customer
from fraudstream.domain.families import SEGMENTS
from fraudstream.domain.reference import evaluate
from fraudstream.domain.transaction import COLUMN_KINDS, Transaction
from fraudstream.domain.wording.english import ENGLISH
from fraudstream.domain.wording.sentences import sentences
from fraudstream.domain.wording.vietnamese import VIETNAMESE
from tests.unit.domain.timeline import row, tx, window

CUSTOMER = Customer(segment="affluent", kyc_level=1, customer_since=date(2026, 1, 2))
NOON_MS = round(datetime.fromisoformat("2026-01-12T12:00:00+07:00").timestamp() * 1000)


def time_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("event_time", "days"),
    [
        ("2026-01-01T16:59:59.999+00:00", None),
        ("2026-01-01T17:00:00+00:00", 0),
        ("2026-01-02T16:59:59.999+00:00", 0),
        ("2026-01-02T17:00:00+00:00", 1),
        ("2027-01-02T12:00:00+07:00", 365),
    ],
)
def test_a_relationships_days_are_those_of_vietnams_calendar_at_the_event_time(
    event_time: str, days: float | None
) -> None:
    assert CUSTOMER.relationship_days(time_ms(event_time)) == days


def test_texts_are_read_and_written_and_absent_ones_are_unknown() -> None:
    texts = {"segment": "affluent", "kyc_level": "1", "customer_since": "2026-01-02"}
    assert Customer.of_texts(texts) == CUSTOMER
    assert CUSTOMER.texts() == texts
    assert Customer.of_texts({"segment": "", "kyc_level": None}) == Customer()
    assert Customer().texts() == {}
    assert Customer().relationship_days(0) is None


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("kyc_level", "4", "kyc_level is '4'; it must be 0, 1, 2 or 3: correct it, or omit it"),
        ("kyc_level", "1.0", "kyc_level is '1.0'; it must be 0, 1, 2 or 3"),
        ("customer_since", "20260102", "customer_since is '20260102'; it must be a date, like 2026-01-02"),
        ("customer_since", "2026-02-30", "customer_since is '2026-02-30'; it must be a date"),
        ("customer_since", "0000-01-01", "customer_since is '0000-01-01'; it must be a date"),
        ("customer_since", "x" * 41, f"customer_since is '{'x' * 40}…'; it must be a date"),
        ("segment", " ", "segment is blank or longer than 64 characters"),
        ("segment", "x" * 65, "segment is blank or longer than 64 characters"),
    ],
)
def test_an_invalid_text_is_refused_by_name_value_and_remedy(field: str, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="; ") as refused:
        Customer.of_texts({field: text})
    assert str(refused.value).startswith(problem)


def test_the_metadata_are_no_fields_of_a_record() -> None:
    assert COLUMN_KINDS.keys().isdisjoint(CUSTOMER_COLUMNS)
    known = with_customer(tx(NOON_MS, customer_id="C1"), {"C1": CUSTOMER})
    assert known.customer_segment == "affluent"
    assert not CUSTOMER_COLUMNS.keys() & known.to_json().decode().split('"')


def test_the_features_of_metadata_follow_their_definitions() -> None:
    catalogue = Catalogue((*BUILT_IN.features, *CUSTOMER_FEATURES))
    arrivals = [
        tx(NOON_MS, "a", customer_id="C1", counterparty_id="X"),
        tx(NOON_MS + 1, "b", customer_id="C2", counterparty_id="X"),
        tx(NOON_MS + 2, "c", counterparty_id="X"),
        tx(NOON_MS + 3, "d", customer_id="C3", counterparty_id="X"),
    ]
    customers = {
        "C1": CUSTOMER,
        "C3": Customer(segment="other", kyc_level=3, customer_since=date(2020, 1, 1)),
    }
    results = list(evaluate(catalogue, arrivals, allowed_lateness_ms=1_000, customers=customers))
    found = [{each.name: result.features[each.name] for each in CUSTOMER_FEATURES} for result in results]
    of_new_customers = "counterparty_new_customer_flag_mean_24h"
    unknown = dict.fromkeys(found[0]) | {of_new_customers: 1.0}
    assert found[0] == {
        "customer_kyc_level": 1.0,
        "customer_relationship_days": 10.0,
        "customer_segment_code": 2.0,
        "low_kyc_flag": 1.0,
        "new_customer_flag": 1.0,
        of_new_customers: 1.0,
    }
    assert found[1:3] == [unknown, unknown]
    assert found[3]["customer_segment_code"] == len(SEGMENTS) + 1
    assert found[3][of_new_customers] == 0.5


def test_a_copy_is_a_duplicate_although_the_customers_metadata_changed() -> None:
    customers = {"C1": CUSTOMER}

    def changing() -> "list[Transaction]":
        return [tx(NOON_MS, "a", customer_id="C1"), tx(NOON_MS, "a", customer_id="C1")]

    outcomes = []
    for result in evaluate(BUILT_IN, iter(changing()), allowed_lateness_ms=1, customers=customers):
        outcomes.append(result.outcome)
        customers["C1"] = Customer(segment="mass")
    assert outcomes == ["new", "duplicate"]


def test_the_built_in_catalogue_has_no_metadata_and_a_catalogue_names_those_that_it_has() -> None:
    assert BUILT_IN.of_customers == ()
    catalogue = Catalogue((*BUILT_IN.features, *CUSTOMER_FEATURES))
    assert catalogue.of_customers == tuple(each.name for each in CUSTOMER_FEATURES[:-1])
    ratio = row("ratio", column="transaction_amount_vnd", denominator="customer_relationship_days")
    assert Catalogue((ratio,)).of_customers == ("f",)


def test_a_window_takes_a_number_of_the_metadata_but_no_text() -> None:
    assert window("sum", "customer_kyc_level").refers_to is None
    for statistic in ("distinct", "occurrences"):
        with pytest.raises(ValueError, match="column 'customer_segment' can't be used here") as refused:
            WindowFeature(
                name="f", entity="account_id", statistic=statistic, column="customer_segment", window_ms=1
            )
        assert "customer_segment," not in str(refused.value)


def test_no_feature_has_the_name_of_the_metadatas_version() -> None:
    with pytest.raises(CatalogueError, match="'metadata_version' is reserved"):
        Catalogue.from_json(
            '{"features": [{"name": "metadata_version", "entity": "transaction", "statistic": "hour"}]}'
        )
    assert TransactionFeature(name="metadata", entity="transaction", statistic="hour")


@pytest.mark.parametrize(
    ("name", "value", "english", "vietnamese"),
    [
        (
            "low_kyc_flag",
            1.0,
            "The level to which the customer's identity is known is at most 1.",
            "Mức độ định danh khách hàng không vượt quá 1.",
        ),
        (
            "customer_relationship_days",
            12.0,
            "The number of days since the customer joined the bank is 12.",
            "Số ngày kể từ khi trở thành khách hàng là 12.",
        ),
    ],
)
def test_metadata_have_sentences_in_both_languages(
    name: str, value: float, english: str, vietnamese: str
) -> None:
    catalogue = Catalogue((*BUILT_IN.features, *CUSTOMER_FEATURES))
    place = catalogue.names.index(name)
    assert sentences(catalogue, ENGLISH)[place].say(value, None, None) == english
    assert sentences(catalogue, VIETNAMESE)[place].say(value, None, None) == vietnamese
