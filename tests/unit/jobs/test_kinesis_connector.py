"""Options of the Kinesis tables, for the connectors of Flink 1.20 and of Flink 2."""

from typing import cast

import pytest

from fraudstream.domain.transaction import parse_time_ms
from fraudstream.runtime.settings_sources import SettingsError
from jobs.connectors.flink_tables import Sink, sql_options
from jobs.connectors.kinesis_connector import (
    RELEASE_4,
    RELEASE_6,
    ConnectorRelease,
    KinesisConnector,
    release_for,
    sink_options,
    source_columns,
    source_options,
    start_options,
    stream_arn,
)
from jobs.job_settings import JobSettings
from jobs.kernel import KernelOptions

ON_AWS = ("--aws-region", "ap-southeast-1", "--aws-account-id", "012345678901")
ON_EMULATOR = ("--aws-region", "ap-southeast-1", "--aws-endpoint-url", "http://127.0.0.1:4566")
OLDEST = "1970-01-01T00:00:00.000Z"
"""A time before the retention of every stream; Kinesis then begins at the oldest record."""
BOTH = pytest.mark.parametrize("release", [RELEASE_4, RELEASE_6], ids=["4", "6"])


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LOCALSTACK_HOST", "AWS_ACCOUNT_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def settings(*arguments: str) -> JobSettings:
    return JobSettings.load(arguments, env_file=None)


# ---- connector version ----


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("1.20.5", RELEASE_4),
        ("1.20.dev0", RELEASE_4),
        ("2.0.0", RELEASE_6),
        ("2.2.1", RELEASE_6),
        ("3.0.0", RELEASE_6),
        ("10.0.0", RELEASE_6),
    ],
)
def test_the_flink_release_decides_the_connector_version(version: str, release: ConnectorRelease) -> None:
    assert release_for(version) is release


def test_the_source_state_of_one_connector_is_never_given_to_the_other() -> None:
    assert not set(RELEASE_4.source_tables) & set(RELEASE_6.source_tables)


# ---- complete options of both ----


def test_a_source_on_aws_with_connector_4() -> None:
    assert source_options(RELEASE_4, settings(*ON_AWS), "Transactions") == {
        "connector": "kinesis",
        "stream": "Transactions",
        "aws.region": "ap-southeast-1",
        "aws.credentials.provider": "AUTO",
        "scan.shard.getrecords.maxrecordcount": "10000",
        "scan.shard.getrecords.intervalmillis": "200",
        "format": "raw",
    }


def test_a_source_on_aws_with_connector_6() -> None:
    assert source_options(RELEASE_6, settings(*ON_AWS), "Transactions") == {
        "connector": "kinesis",
        "stream.arn": "arn:aws:kinesis:ap-southeast-1:012345678901:stream/Transactions",
        "aws.region": "ap-southeast-1",
        "aws.credentials.provider": "AUTO",
        "source.shard.get-records.max-record-count": "10000",
        "source.reader.empty-records-fetch-interval": "200",
        "source.shard.discovery.interval": "5 s",
        "format": "raw",
    }


@pytest.mark.parametrize(
    ("release", "stream"),
    [
        (RELEASE_4, {"stream": "Alerts"}),
        (RELEASE_6, {"stream.arn": "arn:aws:kinesis:ap-southeast-1:012345678901:stream/Alerts"}),
    ],
    ids=["4", "6"],
)
def test_a_sink_on_aws_differs_only_in_the_name_of_its_stream(
    release: ConnectorRelease, stream: dict[str, str]
) -> None:
    assert sink_options(release, settings(*ON_AWS), "alerts", "Alerts") == stream | {
        "connector": "kinesis",
        "aws.region": "ap-southeast-1",
        "aws.credentials.provider": "AUTO",
        "sink.flush-buffer.timeout": "50",
        "sink.flush-buffer.size": "4194304",
        "sink.fail-on-error": "false",
        "format": "payload",
    }


def test_connector_4_provides_arrival_time_and_stream_position() -> None:
    assert source_columns(RELEASE_4) == (
        "`raw` BYTES, "
        "arrival TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, "
        "shard_id STRING METADATA FROM 'shard-id' VIRTUAL, "
        "sequence_number STRING METADATA FROM 'sequence-number' VIRTUAL"
    )


def test_connector_6_does_not_provide_them_and_the_columns_are_null() -> None:
    assert source_columns(RELEASE_6) == (
        "`raw` BYTES, "
        "arrival AS CAST(NULL AS TIMESTAMP_LTZ(3)), "
        "shard_id AS CAST(NULL AS STRING), "
        "sequence_number AS CAST(NULL AS STRING)"
    )


# ---- common options that depend on the settings ----


@BOTH
@pytest.mark.parametrize(
    ("position", "has_saved_state", "expected"),
    [
        ("TRIM_HORIZON", False, ("TRIM_HORIZON", OLDEST)),
        ("TRIM_HORIZON", True, ("TRIM_HORIZON", OLDEST)),
        ("LATEST", False, ("AT_TIMESTAMP", "2026-01-02T03:03:55.678Z")),
        ("LATEST", True, ("AT_TIMESTAMP", OLDEST)),
        ("2026-01-01T07:00:00+07:00", False, ("AT_TIMESTAMP", "2026-01-01T00:00:00.000Z")),
        ("2026-01-01T07:00:00+07:00", True, ("AT_TIMESTAMP", "2026-01-01T00:00:00.000Z")),
    ],
)
def test_a_job_starts_at_a_time_that_no_restart_changes(
    release: ConnectorRelease, position: str, *, has_saved_state: bool, expected: tuple[str, str]
) -> None:
    start = settings(*ON_AWS, "--start-position", position).start_position
    now_ms = parse_time_ms("2026-01-02T03:04:05.678Z")
    options = start_options(release, start, has_saved_state=has_saved_state, now_ms=now_ms)
    assert options == dict(zip((release.start_position, release.start_time), expected, strict=True))


@BOTH
def test_an_emulator_is_polled_at_its_own_interval(release: ConnectorRelease) -> None:
    options = source_options(
        release, settings(*ON_EMULATOR, "--emulator.poll-interval-ms", "30"), "Transactions"
    )
    assert options["aws.endpoint"] == "http://127.0.0.1:4566"
    assert options[release.poll_interval] == "30"


@BOTH
def test_only_the_sinks_of_an_emulator_disable_http_2(release: ConnectorRelease) -> None:
    option = "sink.http-client.protocol.version"
    assert sink_options(release, settings(*ON_EMULATOR), "alerts", "Alerts")[option] == "HTTP1_1"
    assert option not in sink_options(release, settings(*ON_AWS), "alerts", "Alerts")


@BOTH
@pytest.mark.parametrize(
    ("sink", "stream", "timeout_ms"),
    [("alerts", "Alerts", "50"), ("scored_transactions", "Scored", "500"), ("dead_letters", "Bad", "500")],
)
def test_only_alerts_are_flushed_quickly_and_only_dead_letters_have_small_batches(
    release: ConnectorRelease, sink: Sink, stream: str, timeout_ms: str
) -> None:
    options = sink_options(release, settings(*ON_AWS), sink, stream)
    assert options["sink.flush-buffer.timeout"] == timeout_ms
    assert ("sink.batch.max-size" in options) == (sink == "dead_letters")


def test_with_connector_4_what_is_not_urgent_is_written_by_a_thread_of_its_own() -> None:
    patient = settings(*ON_AWS, "--sink-patience", "3s")
    for sink, stream, mib in (("dead_letters", "Bad", 32), ("scored_transactions", "Scored", 64)):
        options = sink_options(RELEASE_4, patient, cast("Sink", sink), stream)
        detached = {name: options.pop(name) for name in list(options) if name.startswith("detached.")}
        assert options.pop("connector") == "detached"
        assert detached == {
            "detached.connector": "kinesis",
            "detached.name": f"the records of stream {stream}",
            "detached.capacity-bytes": str(mib * 1024 * 1024),
            "detached.patience-ms": "3000",
            "detached.linger-ms": "500",
            "detached.are-dead-letters": str(sink == "dead_letters").lower(),
        }


@pytest.mark.parametrize("sink", ["dead_letters", "scored_transactions"])
def test_with_connector_6_every_sink_is_the_connectors_own(sink: Sink) -> None:
    assert sink_options(RELEASE_6, settings(*ON_AWS), sink, "S")["connector"] == "kinesis"


# ---- the ARN of a stream ----


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("ap-southeast-1", "arn:aws:kinesis:ap-southeast-1:012345678901:stream/S"),
        ("us-east-1", "arn:aws:kinesis:us-east-1:012345678901:stream/S"),
        ("cn-north-1", "arn:aws-cn:kinesis:cn-north-1:012345678901:stream/S"),
        ("us-gov-west-1", "arn:aws-us-gov:kinesis:us-gov-west-1:012345678901:stream/S"),
    ],
)
def test_an_arn_has_the_partition_of_its_region(region: str, arn: str) -> None:
    named = settings("--aws-region", region, "--aws-account-id", "012345678901")
    assert stream_arn(named, "S") == arn


def test_an_emulators_streams_have_the_account_of_localstack() -> None:
    assert stream_arn(settings(*ON_EMULATOR), "S") == "arn:aws:kinesis:ap-southeast-1:000000000000:stream/S"


def test_the_account_of_the_settings_also_wins_on_an_emulator() -> None:
    named = settings(*ON_EMULATOR, "--aws-account-id", "123456789012")
    assert stream_arn(named, "S") == "arn:aws:kinesis:ap-southeast-1:123456789012:stream/S"


@pytest.mark.parametrize(
    "where",
    [
        ("--aws-region", "ap-southeast-1"),
        ("--aws-endpoint-url", "https://vpce-1.kinesis.ap-southeast-1.vpce.amazonaws.com"),
        (*ON_EMULATOR, "--emulator.enabled", "false"),
    ],
    ids=["aws", "endpoint of aws", "said to be no emulator"],
)
def test_connector_6_without_an_account_is_rejected_with_the_fix(where: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as refused:
        source_options(RELEASE_6, settings(*where), "Transactions")
    assert str(refused.value) == (
        "aws_account_id: not set, but Flink 2 identifies a stream by its ARN, which has the account; "
        "give --aws-account-id, the 12 digits of the account that owns the streams"
    )


def test_connector_4_needs_no_account() -> None:
    assert source_options(RELEASE_4, settings("--aws-region", "us-east-1"), "S")["stream"] == "S"


# ---- SQL ----


def test_an_option_can_contain_a_quote() -> None:
    assert sql_options({"a": "it's"}) == "'a' = 'it''s'"


# ---- sources and sinks of a job ----


def test_labels_are_read_only_if_the_job_uses_them() -> None:
    assert KinesisConnector(settings()).source_tables == ("transactions",)
    assert KinesisConnector(settings("--label-feedback", "true")).source_tables == ("transactions", "labels")


def test_a_disabled_stream_has_no_sink() -> None:
    assert KinesisConnector(settings()).sinks == ("dead_letters", "alerts", "scored_transactions")
    assert KinesisConnector(settings("--scored-stream", "off")).sinks == ("dead_letters", "alerts")


def test_both_sdks_disable_cbor_only_for_an_emulator() -> None:
    assert KinesisConnector(settings(*ON_AWS)).jvm_variables == {"AWS_REGION": "ap-southeast-1"}
    assert KinesisConnector(settings(*ON_EMULATOR)).jvm_variables == {
        "AWS_REGION": "ap-southeast-1",
        "AWS_CBOR_DISABLE": "true",
        "CBOR_ENABLED": "false",
    }


def test_a_stream_checks_event_times_against_arrival_times() -> None:
    options = KinesisConnector(settings("--future-tolerance", "2h")).kernel_options
    assert options == KernelOptions(future_tolerance_ms=7_200_000)
