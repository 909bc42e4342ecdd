"""English wording of reasons."""

from typing import Final

from fraudstream.domain.wording.language import Clause, Language, Noun

ENGLISH: Final = Language(
    thousands=",",
    point=".",
    spans={"day": "day", "hour": "hour", "minute": "minute", "second": "second"},
    plural="s",
    units={"vnd": " VND", "times": "", "percent": "%", "km_h": " km/h"},
    under="under",
    last="in the last {length}",
    just_before="in the {length} before it",
    long_before="in the {length} that ended {delay} before it",
    lone_span="{span}",
    columns={
        "transaction_id": Noun("the transaction's number", "transactions"),
        "account_id": Noun("the account", "accounts"),
        "transaction_amount_vnd": Noun("the amount", "amounts"),
        "customer_id": Noun("the customer", "customers"),
        "transaction_type": Noun("the type of transaction", "types of transactions"),
        "channel": Noun("the channel", "channels"),
        "transaction_fees_vnd": Noun("the fee", "fees"),
        "counterparty_id": Noun("the counterparty", "counterparties"),
        "merchant_id": Noun("the merchant", "merchants"),
        "merchant_category": Noun("the merchant's category", "categories of merchants"),
        "city": Noun("the city", "cities"),
        "latitude": Noun("the latitude", "latitudes"),
        "longitude": Noun("the longitude", "longitudes"),
        "device_id": Noun("the device", "devices"),
        "biometric_failure_count": Noun("the number of failed biometric checks", "failed biometric checks"),
        "total_loans_vnd": Noun("the total of the customer's loans", "totals of loans"),
        "num_transactions": Noun(
            "the number of transactions since the account was opened", "ages of accounts"
        ),
        "npl_flag": Noun("the non-performing loan", "non-performing loans"),
        "status": Noun("the status", "statuses"),
        "currency": Noun("the currency", "currencies"),
        "country": Noun("the country", "countries"),
        "customer_segment": Noun("the customer's segment", "segments"),
        "customer_kyc_level": Noun(
            "the level to which the customer's identity is known", "levels of identity"
        ),
        "customer_relationship_days": Noun(
            "the number of days since the customer joined the bank", "ages of relationships"
        ),
    },
    entities={
        "account_id": "of this account",
        "customer_id": "of this customer",
        "device_id": "on this device",
        "merchant_id": "at this merchant",
        "counterparty_id": "with this counterparty",
    },
    windows={
        "count": "the number of transactions {entity} {window}",
        "sum": "the sum of the {many} {entity} {window}",
        "mean": "the mean of the {many} {entity} {window}",
        "min": "the smallest of the {many} {entity} {window}",
        "max": "the largest of the {many} {entity} {window}",
        "std": "the standard deviation of the {many} {entity} {window}",
        "distinct": "the number of different {many} {entity} {window}",
        "occurrences": "the number of transactions {entity} {window} that share {one} with it",
        "seconds_since_previous": "the time since the previous transaction {entity}",
        "ratio_to_mean": "the ratio of {one} to the mean {entity} {window}",
        "z_score": "the distance of {one} from the mean {entity} {window}, in standard deviations,",
        "speed_kmh": "the speed from the place of the previous transaction {entity}",
        "fraud_rate": "the share of known fraud in the transactions {entity} {window}",
        "last_n": "the last {n} transactions {entity}",
    },
    flags_in_window={
        "sum": "the number of transactions {entity} {window} with “{yes}”",
        "mean": "the share of transactions {entity} {window} with “{yes}”",
        "distinct": "the number of different answers {entity} {window} to “{yes}”",
    },
    hour="the time of the transaction in Vietnam",
    share="{one} as a share of {denominator}",
    ratio="the ratio of {one} to {denominator}",
    values_of="values of “{subject}”",
    flag_columns={
        "npl_flag": Clause(
            "the customer has a non-performing loan", "the customer has no non-performing loan"
        ),
    },
    hour_between=Clause(
        "the transaction was made between {low} and {high} in Vietnam",
        "the transaction was not made between {low} and {high} in Vietnam",
    ),
    weekend=Clause("the transaction was made at a weekend", "the transaction was made on a weekday"),
    above=Clause("{subject} is above {limit}", "{subject} is not above {limit}"),
    at_least=Clause("{subject} is at least {limit}", "{subject} is below {limit}"),
    at_most=Clause("{subject} is at most {limit}", "{subject} is above {limit}"),
    between=Clause(
        "{subject} is at least {low} and below {high}", "{subject} is not between {low} and {high}"
    ),
    equals=Clause("{subject} is “{text}”", "{subject} is not “{text}”"),
    starts_with=Clause("{subject} begins with “{text}”", "{subject} does not begin with “{text}”"),
    any=Clause("one or more of these hold: {listed}", "none of these hold: {listed}"),
    other_text="another",
    known_flags={
        "off_hours_flag": Clause(
            "the transaction was made at night, between {night_from} and {night_to} in Vietnam",
            "the transaction was not made at night, between {night_from} and {night_to} in Vietnam",
        ),
        "new_device_flag": Clause("the device is new", "the device is not new"),
        "biometric_failures_flag": Clause(
            "biometric checks failed at least {failures} times",
            "biometric checks failed fewer than {failures} times",
        ),
        "suspicious_device_flag": Clause(
            "the device is new, or biometric checks failed at least {failures} times",
            "the device is not new, and biometric checks failed fewer than {failures} times",
        ),
        "declined_flag": Clause("the transaction was declined", "the transaction was not declined"),
        "structuring_flag": Clause(
            "the amount is just below the {reported} from which it must be reported",
            "the amount is not just below the {reported} from which it must be reported",
        ),
        "new_counterparty_flag": Clause(
            "the account had not dealt with this counterparty in the last 30 days",
            "the account had dealt with this counterparty in the last 30 days",
        ),
        "new_merchant_flag": Clause(
            "the account had not paid at this merchant in the last 30 days",
            "the account had paid at this merchant in the last 30 days",
        ),
    },
    known_quantities={
        "account_declined_flag_sum_1h": "the number of declined transactions {entity} {window}",
        "account_declined_flag_sum_24h": "the number of declined transactions {entity} {window}",
        "account_structuring_flag_sum_24h": (
            "the number of amounts just below the {reported} from which they must be reported, "
            "{entity} {window},"
        ),
        "account_off_hours_flag_mean_7d": (
            "the share of transactions {entity} {window} that were made at night"
        ),
    },
    quantity="{subject} is {value}",
    missing="there is no figure for {subject}",
    missing_flag="it is not known whether {yes}",
    sequence="{subject}, taken together, look like fraud",
    baseline_of_account="; usual for this account is {baseline}",
    baseline_of_population="; usual for honest transactions is {baseline}",
    share_of_account="; this holds for {baseline} of the account's transactions",
    as_population="; it is the same for most honest transactions",
    not_as_population="; it is not so for most honest transactions",
)
