"""Stream settings, shared by all programs that read or write streams."""

from datetime import timedelta
from typing import Annotated, ClassVar, Final, Self

from pydantic import AliasChoices, Field, model_validator

from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.settings import Duration

StreamName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]


OFF: Final = "off"
"""In place of the name of a stream that is not written."""
TRANSACTIONS_STREAM_VARIABLES: Final = ("FRAUDSTREAM_TRANSACTIONS_STREAM", "KINESIS_STREAM_NAME")


class StreamSettings(AwsSettings):
    """The names of the streams, their poll interval, and the limits for records."""

    one_value_of: ClassVar[tuple[tuple[str, ...], ...]] = (TRANSACTIONS_STREAM_VARIABLES,)
    """Variables that give one setting; if two of them have different values, loading fails."""

    transactions_stream: StreamName = Field(
        "Transactions",
        validation_alias=AliasChoices("transactions_stream", *TRANSACTIONS_STREAM_VARIABLES),
        description="Kinesis stream of transactions",
    )
    alerts_stream: StreamName = Field("Alerts", description="Kinesis stream of alerts")
    dead_letters_stream: StreamName = Field(
        "DeadLetters", description="Kinesis stream of dead letters: refused records"
    )
    labels_stream: StreamName = Field("Labels", description="Kinesis stream of fraud labels")
    scored_stream: StreamName = Field(
        "Scored", description="Kinesis stream of all scored transactions with their features; 'off' for none"
    )
    decisions_stream: StreamName = Field(
        OFF, description="Kinesis stream of the decisions of the decision API; 'off' for none"
    )
    shard_poll_interval_ms: int = Field(
        200,
        ge=200,
        le=60_000,
        description="Pause between two reads of a shard (AWS allows 5 reads per second)",
    )

    # Limits of accepted records
    allowed_lateness: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(0),
        le=timedelta(days=30),
        description="Maximum lateness: time by which an event time may be behind the newest one of the "
        "same account",
    )
    future_tolerance: Duration = Field(
        timedelta(days=1),
        ge=timedelta(0),
        le=timedelta(days=365),
        description="Maximum time by which an event time may be ahead of the record's arrival in the stream; "
        "entities that accounts share keep their transactions for as much longer",
    )
    max_record_bytes: int = Field(
        65_536,
        ge=1_024,
        le=1_048_576,
        description="Maximum record size; larger records become dead letters",
    )

    @model_validator(mode="after")
    def _streams_are_different(self) -> Self:
        streams = (
            self.transactions_stream,
            self.alerts_stream,
            self.dead_letters_stream,
            self.labels_stream,
            *(stream for stream in (self.scored_stream, self.decisions_stream) if stream != OFF),
        )
        if len(set(streams)) < len(streams):
            msg = f"stream names must differ, but two of them are equal ({', '.join(streams)}): rename one"
            raise ValueError(msg)
        if OFF in streams:
            msg = "only scored_stream and decisions_stream can be 'off': give the other streams a name"
            raise ValueError(msg)
        return self

    @property
    def poll_interval_ms(self) -> int:
        """The pause between two reads of a shard; an emulator allows more frequent reads than AWS."""
        return self.emulator.poll_interval_ms if self.is_emulator else self.shard_poll_interval_ms
