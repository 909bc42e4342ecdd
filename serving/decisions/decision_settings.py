"""Settings of the decision API, a part of the service's own."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from fraudstream.online.decision_engine import DecisionPolicy
from fraudstream.online.online_decision import ActionFrom
from fraudstream.online.submitted_transactions import USD_VND_RATE, USD_VND_RATE_DATE
from fraudstream.profiles.profile_settings import ProfileStoreSettings
from fraudstream.runtime.customer_settings import CustomerMetadataSettings
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings import Duration

HASH_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")
_MS: Final = timedelta(milliseconds=1)


class DecisionSettings(CustomerMetadataSettings, ProfileStoreSettings):
    """Fields that `ServingSettings` combines with those of its other parts."""

    model: Path = Field(ROOT / "models" / "v1", description="Folder of the model version to decide with")
    catalogue: Path | None = Field(
        None, description="JSON file of the feature catalogue, that of the job (default: the built-in one)"
    )
    decision_threshold: float | None = Field(
        None, ge=0, le=1, description="Score from which a transaction is suspect (default: the model's own)"
    )
    hash_key: SecretStr | None = Field(
        None,
        description="The job's hash key, 32 hexadecimal digits, without which its profiles can't be read",
    )
    max_profile_age: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(milliseconds=100),
        le=timedelta(days=1),
        description="Age from which profiles are stale: the time for which changes may not have reached the "
        "store",
    )
    degraded: Literal["score", "refuse"] = Field(
        "score",
        description="Without fresh profiles, `score` decides on what is known and says so, `refuse` answers "
        "with 503",
    )
    decline_from: ActionFrom = Field(
        "critical", description="Lowest risk level that is declined; `never` leaves that to people"
    )
    decision_threads: int = Field(
        1,
        ge=1,
        le=64,
        description="Threads of a process that decide, each with a connection to the store of profiles; "
        "they share one core, so more of them help only where the store is slow to answer",
    )
    decision_queue: int = Field(
        2_000,
        ge=500,
        le=100_000,
        description="Maximum transactions that wait for their decision; beyond that, requests get 503",
    )
    decision_deadline: Duration = Field(
        timedelta(seconds=2),
        ge=timedelta(milliseconds=50),
        le=timedelta(minutes=1),
        description="Time after which a request without a decision gets 503",
    )
    decisions_queue_records: int = Field(
        10_000,
        ge=500,
        le=1_000_000,
        description="Maximum decisions that wait for their stream; beyond that, decisions are dropped and "
        "counted",
    )
    usd_vnd_rate: float = Field(
        USD_VND_RATE,
        ge=1,
        le=1_000_000,
        allow_inf_nan=False,
        description="Dong for a dollar, for amounts in dollars; the default is a round figure",
    )
    usd_vnd_rate_date: date = Field(
        USD_VND_RATE_DATE, description="Date of the rate; answers on amounts in dollars name both"
    )

    @field_validator("hash_key")
    @classmethod
    def _is_a_hash_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not HASH_KEY.fullmatch(key.get_secret_value()):
            msg = "it must be 32 hexadecimal digits, those of the job's setting hash_key"
            raise ValueError(msg)
        return key

    @model_validator(mode="after")
    def _profiles_have_their_key(self) -> Self:
        if self.profile_store is not None and self.hash_key is None:
            msg = "profile_store needs hash_key, the key with which the job hashes the ids in its profiles"
            raise ValueError(msg)
        return self

    @property
    def policy(self) -> DecisionPolicy:
        """The choices of the bank."""
        return DecisionPolicy(
            decline_from=self.decline_from,
            max_profile_age_ms=self.max_profile_age // _MS,
            refuses_degraded=self.degraded == "refuse",
        )
