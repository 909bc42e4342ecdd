# ruff: noqa: E501, RUF001 - a sentence stands on one line, and has the dash that people read
"""Every possible feature of a catalogue has a sentence, in English and in Vietnamese."""

import dataclasses
import json
import string
from collections.abc import Mapping
from math import nan
from typing import Any, get_args

import pytest

from fraudstream.domain.catalogue import BUILT_IN, BUILT_IN_WITH_LABELS, Catalogue
from fraudstream.domain.customer import FEATURE_COLUMNS
from fraudstream.domain.features import ENTITIES, TransactionStatistic, WindowStatistic
from fraudstream.domain.wording.english import ENGLISH
from fraudstream.domain.wording.language import Clause, Language
from fraudstream.domain.wording.sentences import BaselineOf, sentences
from fraudstream.domain.wording.vietnamese import VIETNAMESE

LANGUAGES = (ENGLISH, VIETNAMESE)
OWN: list[dict[str, Any]] = [
    {
        "name": "declined",
        "entity": "transaction",
        "statistic": "equals",
        "column": "status",
        "text": "declined",
    },
    {"name": "fee", "entity": "transaction", "statistic": "value", "column": "transaction_fees_vnd"},
    {"name": "bad_loan", "entity": "transaction", "statistic": "value", "column": "npl_flag"},
    {"name": "hour", "entity": "transaction", "statistic": "hour"},
    {"name": "lunch", "entity": "transaction", "statistic": "hour_between", "from_hour": 11, "to_hour": 13},
    {"name": "weekend", "entity": "transaction", "statistic": "weekend"},
    {
        "name": "dear",
        "entity": "transaction",
        "statistic": "above",
        "column": "transaction_fees_vnd",
        "threshold": 5000,
    },
    {"name": "dear_too", "entity": "transaction", "statistic": "at_least", "of": ["fee"], "threshold": 5000},
    {
        "name": "few",
        "entity": "transaction",
        "statistic": "at_most",
        "column": "num_transactions",
        "threshold": 2.5,
    },
    {
        "name": "some",
        "entity": "transaction",
        "statistic": "between",
        "column": "transaction_amount_vnd",
        "low": 1_000_000,
        "high": 2_500_000,
    },
    {
        "name": "at_home",
        "entity": "transaction",
        "statistic": "starts_with",
        "column": "city",
        "prefix": "Ha",
    },
    {
        "name": "way",
        "entity": "transaction",
        "statistic": "code",
        "column": "channel",
        "values": ["atm", "app"],
    },
    {
        "name": "fee_share",
        "entity": "transaction",
        "statistic": "ratio",
        "column": "transaction_fees_vnd",
        "denominator": "transaction_amount_vnd",
    },
    {
        "name": "loans_each",
        "entity": "transaction",
        "statistic": "ratio",
        "column": "total_loans_vnd",
        "denominator": "num_transactions",
    },
    {"name": "either", "entity": "transaction", "statistic": "any", "of": ["declined", "fee"]},
]


def own(*more: dict[str, Any]) -> Catalogue:
    return Catalogue.from_json(_json([*OWN, *more]))


def _json(features: list[dict[str, Any]]) -> str:
    return json.dumps({"features": features})


def window(statistic: str, **more: object) -> dict[str, Any]:
    return {"name": "w", "entity": "account_id", "statistic": statistic, "window": "1h", **more}


def said(  # noqa: PLR0913, PLR0917 - the parts of a sentence
    catalogue: Catalogue,
    name: str,
    value: float,
    baseline: float | None = None,
    baseline_of: BaselineOf | None = None,
    language: Language = ENGLISH,
) -> str:
    return sentences(catalogue, language)[catalogue.names.index(name)].say(value, baseline, baseline_of)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statistic_of_every_entity_and_column_has_a_sentence(language: Language) -> None:
    features = list(OWN)
    for entity in ENTITIES:
        for statistic in get_args(WindowStatistic):
            for column in [None, *FEATURE_COLUMNS, "declined", "fee", "hour", "fee_share"]:
                n = {"n": 3} if statistic == "last_n" else {}
                spec = {**window(statistic, **n), "entity": entity, "delay": "7d"} | (
                    {"column": column} if column else {}
                )
                try:
                    own(spec)
                except ValueError:
                    continue
                features.append({**spec, "name": f"{entity} {statistic} {column}"})
    covered = {feature["statistic"] for feature in features}
    assert covered == {*get_args(WindowStatistic), *get_args(TransactionStatistic)}
    catalogue = Catalogue.from_json(_json(features))
    for sentence in sentences(catalogue, language):
        for value in (0.0, 1.0, nan):
            for baseline, baseline_of in ((None, None), (0.5, "account"), (0.5, "population")):
                text = sentence.say(value, baseline, baseline_of)  # type: ignore[arg-type]
                assert text[0].isupper() or not text[0].isalpha()
                assert text.endswith(".")
                assert not {"{", "}", "  ", "None", "nan"} & {*text, *text[1:].split()}


def test_sentences_of_the_projects_catalogue_are_all_different() -> None:
    for language in LANGUAGES:
        texts = [sentence.say(1.0, None, None) for sentence in sentences(BUILT_IN_WITH_LABELS, language)]
        assert len(set(texts)) == len(texts)


def test_both_languages_word_the_same_concepts() -> None:
    for field in dataclasses.fields(Language):
        english, vietnamese = (getattr(language, field.name) for language in LANGUAGES)
        if isinstance(english, Mapping):
            assert english.keys() == vietnamese.keys()
            pairs = [(english[key], vietnamese[key]) for key in english]
        else:
            pairs = [(english, vietnamese)]
        for one, other in pairs:
            # "In the last hour" is "trong 1 giờ qua": only English omits the number.
            assert _places(one) | {"number"} == _places(other) | {"number"}


def _places(words: object) -> set[str]:
    texts = (words.yes, words.no) if isinstance(words, Clause) else (words,)
    return {
        name
        for text in texts
        if isinstance(text, str)
        for _, name, _, _ in string.Formatter().parse(text)
        if name
    }


def test_every_column_and_entity_has_a_noun_and_every_worded_feature_is_one_of_the_projects() -> None:
    for language in LANGUAGES:
        assert language.columns.keys() == FEATURE_COLUMNS.keys() - {"event_time"}
        assert language.entities.keys() == set(ENTITIES)
        assert language.windows.keys() == set(get_args(WindowStatistic))
        assert {*language.known_flags, *language.known_quantities} <= set(BUILT_IN.names)
        assert language.known_flags.keys() <= set(BUILT_IN.flags)


# ---- example sentences ----


@pytest.mark.parametrize(
    ("name", "value", "baseline", "baseline_of", "english", "vietnamese"),
    [
        (
            "transaction_amount_vnd",
            1_250_000.0,
            300_000.4,
            "account",
            "The amount is 1,250,000 VND; usual for this account is 300,000 VND.",
            "Số tiền giao dịch là 1.250.000 ₫; mức thường thấy của tài khoản này là 300.000 ₫.",
        ),
        (
            "account_count_5m",
            17.0,
            0.004,
            "account",
            "The number of transactions of this account in the last 5 minutes is 17; usual for this account is under 0.01.",
            "Số giao dịch của tài khoản này trong 5 phút qua là 17; mức thường thấy của tài khoản này là dưới 0,01.",
        ),
        (
            "account_seconds_since_previous_7d",
            15.0,
            30_600.0,
            "population",
            "The time since the previous transaction of this account is 15 seconds; usual for honest transactions is 8.5 hours.",
            "Thời gian kể từ giao dịch liền trước của tài khoản này là 15 giây; mức thường thấy của giao dịch hợp lệ là 8,5 giờ.",
        ),
        (
            "new_device_flag",
            1.0,
            0.0,
            "population",
            "The device is new; it is not so for most honest transactions.",
            "Giao dịch được thực hiện trên thiết bị mới; đa số giao dịch hợp lệ không như vậy.",
        ),
        (
            "off_hours_flag",
            1.0,
            0.07,
            "account",
            "The transaction was made at night, between 22:00 and 04:00 in Vietnam; this holds for 7% of the account's transactions.",
            "Giao dịch được thực hiện vào ban đêm, từ 22:00 đến 04:00 giờ Việt Nam; điều này đúng với 7% số giao dịch của tài khoản.",
        ),
        (
            "off_hours_flag",
            0.0,
            0.07,
            "account",
            "The transaction was not made at night, between 22:00 and 04:00 in Vietnam; this holds for 93% of the account's transactions.",
            "Giao dịch không được thực hiện vào ban đêm, từ 22:00 đến 04:00 giờ Việt Nam; điều này đúng với 93% số giao dịch của tài khoản.",
        ),
        (
            "npl_flag",
            0.0,
            0.0,
            "population",
            "The customer has no non-performing loan; it is the same for most honest transactions.",
            "Khách hàng không có nợ xấu; đa số giao dịch hợp lệ cũng như vậy.",
        ),
        (
            "structuring_flag",
            1.0,
            None,
            None,
            "The amount is just below the 400,000,000 VND from which it must be reported.",
            "Số tiền giao dịch ở ngay dưới mức 400.000.000 ₫ phải báo cáo.",
        ),
        (
            "fee_to_amount_ratio",
            0.125,
            0.001,
            "population",
            "The fee as a share of the amount is 12.5%; usual for honest transactions is 0.1%.",
            "Tỷ lệ phí giao dịch trên số tiền giao dịch là 12,5%; mức thường thấy của giao dịch hợp lệ là 0,1%.",
        ),
        (
            "biometric_failures_flag",
            1.0,
            None,
            None,
            "Biometric checks failed at least 3 times.",
            "Xác thực sinh trắc học thất bại từ 3 lần trở lên.",
        ),
        (
            "account_speed_kmh_24h",
            1_234.5,
            3.0,
            "population",
            "The speed from the place of the previous transaction of this account is 1,234 km/h; usual for honest transactions is 3 km/h.",
            "Tốc độ di chuyển từ nơi thực hiện giao dịch liền trước của tài khoản này là 1.234 km/h; mức thường thấy của giao dịch hợp lệ là 3 km/h.",
        ),
        (
            "account_amount_vnd_ratio_to_mean_30d_delay_1ms",
            5.25,
            None,
            None,
            "The ratio of the amount to the mean of this account in the 30 days before it is 5.25.",
            "Tỷ lệ giữa số tiền giao dịch và mức trung bình của tài khoản này trong 30 ngày trước đó là 5,25 lần.",
        ),
        (
            "transaction_hour",
            3.0,
            None,
            None,
            "The time of the transaction in Vietnam is 03:00–03:59.",
            "Thời điểm giao dịch theo giờ Việt Nam là 03:00–03:59.",
        ),
        (
            "account_off_hours_flag_mean_7d",
            0.5,
            None,
            None,
            "The share of transactions of this account in the last 7 days that were made at night is 50%.",
            "Tỷ lệ giao dịch ban đêm của tài khoản này trong 7 ngày qua là 50%.",
        ),
        (
            "merchant_fraud_rate_30d_delay_7d",
            0.25,
            None,
            None,
            "The share of known fraud in the transactions at this merchant in the 30 days that ended 7 days before it is 25%.",
            "Tỷ lệ gian lận đã xác nhận trong các giao dịch tại đơn vị chấp nhận thanh toán này trong 30 ngày tính đến 7 ngày trước đó là 25%.",
        ),
        (
            "new_device_flag",
            nan,
            None,
            None,
            "It is not known whether the device is new.",
            "Không xác định được liệu giao dịch được thực hiện trên thiết bị mới.",
        ),
    ],
)
def test_sentences_for_features_of_the_project(  # noqa: PLR0913, PLR0917 - a table
    name: str,
    value: float,
    baseline: float | None,
    baseline_of: BaselineOf | None,
    english: str,
    vietnamese: str,
) -> None:
    catalogue = BUILT_IN_WITH_LABELS
    assert said(catalogue, name, value, baseline, baseline_of) == english
    assert said(catalogue, name, value, baseline, baseline_of, VIETNAMESE) == vietnamese


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            window("sum", column="declined"),
            "The number of transactions of this account in the last hour with “the status is “declined”” is 2.",
        ),
        (
            window("mean", column="bad_loan"),
            "The share of transactions of this account in the last hour with “the customer has a non-performing loan” is 200%.",
        ),
        (
            window("max", column="fee"),
            "The largest of the values of “the fee” of this account in the last hour is 2 VND.",
        ),
        (
            window("distinct", column="device_id", entity="customer_id", window="2d"),
            "The number of different devices of this customer in the last 2 days is 2.",
        ),
        (
            window("occurrences", column="city", window="36h"),
            "The number of transactions of this account in the last 36 hours that share the city with it is 2.",
        ),
        (
            window("std", column="latitude", entity="device_id", window="30s", delay="90s"),
            "The standard deviation of the latitudes on this device in the 30 seconds that ended 1.5 minutes before it is 2.",
        ),
        (
            window("min", column="total_loans_vnd", window="1m"),
            "The smallest of the totals of loans of this account in the last minute is 2 VND.",
        ),
    ],
)
def test_sentences_for_windows_of_a_custom_catalogue(spec: dict[str, Any], expected: str) -> None:
    assert said(own(spec), "w", 2.0) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("declined", 1.0, "The status is “declined”."),
        ("declined", 0.0, "The status is not “declined”."),
        ("lunch", 1.0, "The transaction was made between 11:00 and 13:00 in Vietnam."),
        ("weekend", 0.0, "The transaction was made on a weekday."),
        ("dear", 1.0, "The fee is above 5,000 VND."),
        ("dear", 0.0, "The fee is not above 5,000 VND."),
        ("dear_too", 1.0, "The fee is at least 5,000 VND."),
        ("dear_too", 0.0, "The fee is below 5,000 VND."),
        ("few", 1.0, "The number of transactions since the account was opened is at most 2.5."),
        ("some", 1.0, "The amount is at least 1,000,000 VND and below 2,500,000 VND."),
        ("at_home", 1.0, "The city begins with “Ha”."),
        ("way", 2.0, "The channel is “app”."),
        ("way", 3.0, "The channel is another."),
        ("way", nan, "There is no figure for the channel."),
        ("loans_each", 3.0, "The ratio of the total of the customer's loans to the number of transactions since the account was opened is 3."),
        ("either", 1.0, "One or more of these hold: the status is “declined”; the fee."),
        ("bad_loan", 1.0, "The customer has a non-performing loan."),
    ],
)  # fmt: skip
def test_sentences_for_transaction_features_of_a_custom_catalogue(
    name: str, value: float, expected: str
) -> None:
    assert said(own(), name, value) == expected


def test_a_known_name_with_another_meaning_gets_the_general_wording() -> None:
    mine = own({**OWN[0], "name": "new_device_flag", "text": "odd"})
    assert said(mine, "new_device_flag", 1.0) == "The status is “odd”."
