"""Answers and streams with the fields of an enrichment, for clients that ask for them."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from fraudstream.domain.enrichment import ENRICHED_FIELDS, TransactionEnricher
from fraudstream.domain.transaction import Transaction
from producer.api.application import create_app
from producer.api.flow import Pace
from producer.api.hub import Membership
from producer.api.record_format import enriched_format
from tests.unit.producer.api.api_helpers import ask, client_of, problem, service_of, settings, until
from tests.unit.producer.api.flow_samples import events

LATE_EVENING_MS = 1_790_006_400_000 + 60_000
"""23:01 in Vietnam."""


def burst(count: int) -> list[Transaction]:
    """Return large payments of one account, a second apart, by night and from a device of attackers."""
    return [
        Transaction(
            transaction_id=f"T{number}",
            event_time_ms=LATE_EVENING_MS + number * 1_000,
            account_id="A",
            transaction_amount_vnd=400_000_000.0,
            device_id="DEV_NEW_9001",
        )
        for number in range(count)
    ]


def app_serving(transactions: list[Transaction]) -> FastAPI:
    app = create_app(settings())
    waiting = iter(transactions)

    async def take(count: int) -> list[Transaction]:
        return [next(waiting) for _ in range(count)]

    service_of(app).source.take = take  # type: ignore[method-assign] # a source of known transactions
    return app


def get(app: FastAPI, *paths: str) -> list[dict[str, Any]]:
    async def scenario() -> list[dict[str, Any]]:
        async with client_of(app) as client:
            return [(await client.get(path)).json() for path in paths]

    return asyncio.run(scenario())


def test_an_enriched_answer_has_the_fields_after_those_of_the_record() -> None:
    (answer,) = get(app_serving(burst(16)), "/transactions/16?enrich=true")
    first, last = answer["transactions"][0], answer["transactions"][-1]
    assert tuple(last)[-len(ENRICHED_FIELDS) :] == ENRICHED_FIELDS
    assert {name: last[name] for name in ENRICHED_FIELDS} == {
        "transaction_frequency_5min": 16,
        "transaction_hour": 23,
        "high_amount_flag": True,
        "off_hours_flag": True,
        "high_frequency_flag": True,
        "suspicious_device_flag": True,
    }
    assert (first["transaction_frequency_5min"], first["high_frequency_flag"]) == (1, False)


def test_a_single_enriched_transaction_continues_the_count() -> None:
    app = app_serving(burst(3))
    answers = get(app, "/transaction?enrich=true", "/transaction?enrich=1", "/transaction?enrich=yes")
    assert [answer["transaction_frequency_5min"] for answer in answers] == [1, 2, 3]


@pytest.mark.parametrize("query", ["", "?enrich=false"])
def test_other_answers_are_not_enriched_and_not_counted(query: str) -> None:
    app = app_serving(burst(3))
    plain, many, enriched = get(
        app, f"/transaction{query}", f"/transactions/1{query}", "/transaction?enrich=1"
    )
    assert not set(ENRICHED_FIELDS) & {*plain, *many["transactions"][0]}
    assert enriched["transaction_frequency_5min"] == 1


def test_an_enriched_record_is_a_transaction_without_its_label() -> None:
    (answer,) = get(create_app(settings()), "/transaction?enrich=true")
    assert "is_fraud" not in answer
    assert set(ENRICHED_FIELDS) < set(answer)


def test_an_enriched_record_can_be_read_as_the_same_transaction() -> None:
    (transaction,) = burst(1)
    assert Transaction.from_json(enriched_format(TransactionEnricher())(transaction)) == transaction


def test_a_value_that_is_no_truth_value_is_rejected() -> None:
    answer = asyncio.run(ask("GET", "/transaction?enrich=maybe"))
    (error,) = problem(answer)["errors"]
    assert (error["field"], error["remedy"]) == ("query.enrich", "give true or false")


@pytest.mark.parametrize("pace", [None, Pace(0.01, 1)])
def test_a_stream_is_enriched_for_those_who_ask_for_it(pace: Pace | None) -> None:
    async def first_event(member: Membership) -> dict[str, Any]:
        await until(lambda: member.flow.ring.next_number > 1)
        found: dict[str, Any] = events(member.client)[0]["data"]["transactions"][0]
        return found

    async def scenario() -> None:
        hub = service_of(app_serving(burst(100))).hub
        enriched, plain = hub.join(pace, None, is_enriched=True), hub.join(pace, None)
        assert set(await first_event(enriched)) >= set(ENRICHED_FIELDS)
        assert not set(await first_event(plain)) & set(ENRICHED_FIELDS)
        await hub.shut_down()

    asyncio.run(scenario())


def test_the_enriched_stream_at_the_configured_pace_takes_no_place_of_a_pace() -> None:
    async def scenario() -> None:
        app = create_app(settings(max_paces=1))
        hub = service_of(app).hub
        hub.join(Pace(1.0, 1), None)
        hub.join(None, None, is_enriched=True)
        assert (hub.paces, hub.clients) == (2, 2)
        await hub.shut_down()

    asyncio.run(scenario())
