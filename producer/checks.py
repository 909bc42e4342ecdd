"""Checks of all that a producer needs before it can send, each with the fix if it fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_clients import find_credentials
from fraudstream.runtime.aws_errors import (
    AWS_ERRORS,
    CONNECTION_REMEDY,
    AwsCredentialsError,
    error_code,
    is_transient,
)
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import StreamDescriptionSummaryTypeDef

# Write limits of one shard (CreateStream API reference).
SHARD_RECORDS_PER_S: Final = 1_000
SHARD_MIB_PER_S: Final = 1

USABLE_STATES: Final = frozenset({"ACTIVE", "UPDATING"})
"""A stream that is being resharded (UPDATING) also accepts records (DescribeStreamSummary API reference)."""
REFUSED_CODES: Final = frozenset({"AccessDeniedException", "AccessDenied"})
IDENTITY_CODES: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
    }
)
"""Error codes for credentials that AWS does not accept (common errors of the AWS APIs)."""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check; ``remedy`` is the problem and its fix, None if the check passed."""

    what: str
    result: str
    remedy: str | None = None


def run_checks(
    settings: StreamSettings,
    record: Record,
    connect: Callable[[StreamSettings], "KinesisClient"] = kinesis_client,
) -> list[Check]:
    """Check everything that a producer needs; puts ``record`` into the transaction stream.

    The list ends early where the next check is impossible: without credentials, or without a usable
    transaction stream. The label stream is checked in every case except missing credentials.
    """
    try:
        client = connect(settings)
        method = find_credentials(settings).method
    except (StreamError, AwsCredentialsError) as error:
        return [Check("credentials", "not usable", str(error))]
    return [
        Check("credentials", f"found ({method})"),
        *_transactions(client, settings.transactions_stream, record),
        _labels(client, settings.labels_stream),
    ]


def lines(checks: list[Check]) -> Iterator[str]:
    """Yield one line per check: whether it passed, its name and its result."""
    width = max(len(check.what) for check in checks)
    for check in checks:
        yield f"{'ok  ' if check.remedy is None else 'FAIL'}  {check.what:<{width}}  {check.result}"


def _transactions(client: "KinesisClient", name: str, record: Record) -> Iterator[Check]:
    try:
        summary = _summary(client, name)
    except AWS_ERRORS as error:
        yield _refused("stream", error, name)
        return
    state = summary["StreamStatus"]
    result = f"{name}, {state}, {_shards(summary)}"
    if state not in USABLE_STATES:
        yield Check("stream", result, f"stream {name!r} is {state}; wait until it is ACTIVE")
        return
    yield Check("stream", result)
    yield Check("capacity", _capacity(summary))
    yield _put(client, name, record)


def _capacity(summary: "StreamDescriptionSummaryTypeDef") -> str:
    shards = summary["OpenShardCount"]
    capacity = (
        f"{shards * SHARD_RECORDS_PER_S:,} records/s, {shards * SHARD_MIB_PER_S:,} MiB/s if evenly spread"
    )
    mode = summary.get("StreamModeDetails", {}).get("StreamMode")
    return f"{capacity}; grows on demand" if mode == "ON_DEMAND" else capacity


def _put(client: "KinesisClient", name: str, record: Record) -> Check:
    try:
        result = StreamWriter(client, name).put([record])
    except StreamError as error:
        return _put_failed(error, name)
    if result.failures:
        failure = result.failures[0]
        remedy = f"Kinesis rejected the transaction: {failure.message or failure.error_code}; try again later"
        return Check("put", failure.error_code, remedy)
    return Check("put", f"1 record, to {next(iter(result.shards))}")


def _put_failed(error: StreamError, name: str) -> Check:
    cause = error.__cause__
    if isinstance(cause, AWS_ERRORS):
        return _refused("put", cause, name)
    return Check("put", "failed", str(error))


def _labels(client: "KinesisClient", name: str) -> Check:
    try:
        summary = _summary(client, name)
    except AWS_ERRORS as error:
        return _refused("labels", error, name)
    return Check("labels", f"{name}, {summary['StreamStatus']}, {_shards(summary)}")


def _shards(summary: "StreamDescriptionSummaryTypeDef") -> str:
    count = summary["OpenShardCount"]
    return f"{count} shard" if count == 1 else f"{count} shards"


def _summary(client: "KinesisClient", name: str) -> "StreamDescriptionSummaryTypeDef":
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def _refused(what: str, error: Exception, name: str) -> Check:
    code = error_code(error)
    problem = str(stream_error(error, name))
    if code in REFUSED_CODES:
        return Check(
            what,
            "access denied",
            f"{problem}; attach deploy/iam/producer.json to the caller's role, for {name!r}",
        )
    if code in IDENTITY_CODES:
        remedy = (
            f"{problem}; renew the credentials (aws sso login), and check that they are valid in this region"
        )
        return Check(what, "credentials rejected", remedy)
    if is_transient(error):
        remedy = problem if CONNECTION_REMEDY in problem else f"{problem}; {CONNECTION_REMEDY}"
        return Check(what, "no response", remedy)
    return Check(what, "not found" if code == "ResourceNotFoundException" else code, problem)
