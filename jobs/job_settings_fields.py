"""Fields of the job settings; `jobs.job_settings` validates their combinations."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, InstanceOf, SecretStr, ValidationInfo, field_validator

from fraudstream.archives.locations import S3Uri, s3_or_path
from fraudstream.profiles.store_urls import URL_FORMS, parse_store_url
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.customer_settings import CustomerMetadataSettings
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings import Duration, path_errors_reported
from fraudstream.streams.protocols import Start
from fraudstream.streams.start_positions import parse_start
from fraudstream.streams.stream_settings import StreamSettings

OUTPUTS: Final = ("features_out", "scores_out", "dead_letters_out", "alerts_out")
"""The settings that name a file to write."""
HASH_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")


def _parse_start(value: object) -> object:
    return parse_start(value, now_ms=wall_clock_ms()) if isinstance(value, str) else value


Location = Annotated[InstanceOf[S3Uri] | Path, BeforeValidator(s3_or_path)]
"""A file or folder on disk, or an object or folder on S3."""


StartPosition = Annotated[Start, BeforeValidator(_parse_start)]


class JobSettingsFields(CustomerMetadataSettings, StreamSettings):
    """Type, limits, default and description of each setting."""

    start_position: StartPosition = Field(
        "TRIM_HORIZON",
        description="Position at which a job without saved state starts, or an RFC 3339 time from 1970 to "
        "now, like 2026-01-02T03:04:05Z; LATEST is 10 s before the job is submitted. With saved state, a "
        "shard that had no record yet is read from that time, or with LATEST from its oldest record",
    )

    # The job
    parallelism: int = Field(1, ge=1, le=1024, description="Parallel slots of the job")
    max_parallelism: int = Field(
        128,
        ge=1,
        le=32_768,
        description="Highest parallelism that saved state allows; fixed once state is saved",
    )
    checkpoint_interval: Duration = Field(
        timedelta(seconds=10), ge=timedelta(milliseconds=100), description="Time between two checkpoints"
    )
    checkpoint_dir: str | None = Field(
        None, description="URI of the checkpoints, like s3://bucket/path (default: the cluster's setting)"
    )
    from_savepoint: str | None = Field(
        None, description="URI of a savepoint or retained checkpoint to restore"
    )
    allow_dropped_state: bool = Field(
        default=False,
        description="Restore a savepoint even if no step uses some of its state, which is dropped",
    )
    hash_key: SecretStr | None = Field(
        None,
        description="Secret of 32 hexadecimal digits that hashes ids and texts in saved state (default: a "
        "live job generates one and keeps it with its saved state, and --source has a published one)",
    )
    hash_key_from: str | None = Field(
        None,
        description="URI of a live job's savepoint or retained checkpoint whose hash key to use, for a "
        "replay that must compute the same features",
    )
    bundle_time_ms: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Maximum wait for a scoring batch to fill (default: 5 in a thread, 20 in a process)",
    )
    bundle_size: int = Field(
        2_000, ge=1, le=100_000, description="Maximum number of transactions in a scoring batch"
    )
    python_mode: Literal["auto", "thread", "process"] = Field(
        "auto",
        description="Run the model in a thread of Flink's process or in a separate process; auto: "
        "in a thread in the local mini cluster if this Python supports it, else in a process",
    )
    state_backend: Literal["hashmap", "rocksdb"] = Field(
        "hashmap", description="State backend: the JVM's heap, or RocksDB on local disk"
    )
    rest_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Loopback port of Flink's REST API in the local mini cluster (default: closed)",
    )
    # Features and scoring
    catalogue: Path | None = Field(
        None, description="JSON file of the features to compute (default: the built-in catalogue)"
    )
    model: Path = Field(ROOT / "models" / "v1", description="Folder of the model version to score with")
    label_feedback: bool = Field(
        default=False, description="Read the stream of fraud labels too, for features of known fraud"
    )
    alert_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Minimum score of an alert (default: the model's threshold)",
    )

    # Refused records
    review_alerts_per_minute: int = Field(
        5,
        ge=1,
        le=1_000,
        description="Maximum number of review alerts per account and minute; one summary counts the rest",
    )
    review_alerts_of_task_per_minute: int = Field(
        600,
        ge=1,
        le=100_000,
        description="Maximum number of review alerts per task and minute, over all accounts; one summary "
        "counts the rest. Unlimited with --source",
    )
    dead_letters_per_record: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Maximum number of dead letters of one stream record that holds many; one summary counts "
        "the rest",
    )
    dead_letters_per_minute: int = Field(
        6_000,
        ge=1,
        le=10_000_000,
        description="Maximum number of dead letters per task and minute; one summary counts the rest. "
        "Unlimited with --source",
    )
    dead_letter_mib_per_minute: int = Field(
        30,
        ge=1,
        le=100_000,
        description="Maximum size of the dead letters of a task per minute, in MiB (a shard takes 60); "
        "further ones are written without the record's bytes. Unlimited with --source",
    )

    # Online profiles
    profile_store: SecretStr | None = Field(
        None, description=f"URL of the store that the job keeps profiles in: {URL_FORMS} (default: none)"
    )
    profile_interval: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=1),
        description="Time between two writes of the changed profiles",
    )
    profile_rebuild: bool = Field(
        default=False,
        description="Write all profiles of the restored state once, as a new epoch, which replaces what "
        "the profile store has",
    )

    sink_patience: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(days=1),
        description="Maximum time for which the job waits for the stream of scored transactions (64 MiB "
        "buffered) or of dead letters (32 MiB) from when its buffer is full until half of it is written; "
        "then records are dropped and counted until half of it is, and alerts go on",
    )

    # Bounded mode: files instead of streams
    source: Location | None = Field(
        None,
        description="Input to read instead of the stream: a .jsonl, .jsonl.gz, .parquet or .csv file, a "
        "folder of such files, or s3://BUCKET/KEY-OR-FOLDER",
    )
    labels: Location | None = Field(
        None,
        description="With --source: labels, as the same kinds of files; each counts from its available_at",
    )
    source_rate: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="With --source: rate limit in transactions per second (default: unlimited)",
    )
    source_ramp: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        le=timedelta(hours=1),
        description="With --source-rate: time in which the rate rises linearly from 0",
    )
    source_ttl: Duration | None = Field(
        None,
        ge=timedelta(seconds=1),
        description="With --source: wall-clock time after which unused state of an account, device, "
        "merchant or "
        "counterparty is dropped. Too short a value makes features wrong (default: longer than the longest "
        "window)",
    )
    features_out: Path | None = Field(
        None, description="With --source: write the features to this .jsonl or .parquet"
    )
    scores_out: Path | None = Field(None, description="With --source: write the scores to this .jsonl")
    dead_letters_out: Path | None = Field(
        None, description="With --source: write the refused records to this .jsonl"
    )
    alerts_out: Path | None = Field(None, description="With --source: write the alerts to this .jsonl")

    @field_validator("catalogue")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        with path_errors_reported():
            is_missing = path is not None and not path.is_file()
        if is_missing:
            msg = "file not found; give the path of an existing file"
            raise ValueError(msg)
        return path

    @field_validator("hash_key")
    @classmethod
    def _is_a_hash_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not HASH_KEY.fullmatch(key.get_secret_value()):
            msg = "it must be 32 hexadecimal digits; make one with `openssl rand -hex 16`"
            raise ValueError(msg)
        return key

    @field_validator("profile_store")
    @classmethod
    def _is_a_profile_store(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parse_store_url(url)
        return url

    @field_validator("source", "labels")
    @classmethod
    def _is_a_file_or_folder(cls, location: S3Uri | Path | None) -> S3Uri | Path | None:
        with path_errors_reported():
            is_missing = isinstance(location, Path) and not (location.is_file() or location.is_dir())
        if is_missing:
            msg = "file or folder not found; give the path of an existing one, or s3://BUCKET/KEY"
            raise ValueError(msg)
        return location

    @field_validator(*OUTPUTS)
    @classmethod
    def _is_of_a_kind_that_is_written(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None or path.suffix not in (".gz", ".parquet"):
            return path
        if info.field_name == "features_out" and path.suffix == ".parquet":
            return path
        msg = f"{path.suffix} is not supported for this output; give a .jsonl"
        raise ValueError(msg)

    @field_validator(*OUTPUTS)
    @classmethod
    def _can_be_written(cls, path: Path | None) -> Path | None:
        with path_errors_reported():
            problem = None if path is None else _problem_with_output(path)
        if problem:
            raise ValueError(problem)
        return path


def _problem_with_output(path: Path) -> str | None:
    folder = path.resolve().parent
    if path.is_dir():
        return "this is a folder; give the path of a file"
    if path.exists() and not path.is_file():
        # The finished file is renamed to this path, which would replace even /dev/null.
        return "this is a device or a pipe; give the path of a file"
    if not folder.is_dir():
        return "its folder does not exist; create it first"
    if not os.access(folder, os.W_OK):
        return "its folder is not writable; use another folder, or fix its permissions"
    return None
