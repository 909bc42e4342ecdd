"""An archive as the source: file selection and order, from disk and from S3."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.archive_reader import archived_files, archived_lines
from fraudstream.archives.locations import S3Uri
from fraudstream.archives.s3_objects import S3
from fraudstream.domain.transaction import Label, Transaction
from jobs.connectors.source_lines import source_lines
from jobs.job_settings import JobSettings

BUCKET = "bank-archive"
UUID = "0f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
FIREHOSE = f"2026/01/02/03/to.archive-1-2026-01-02-03-04-05-{UUID}"
Client = Any
"""boto3 creates its client classes at run time."""
SECRET = "a-secret-that-nobody-may-see"


def files() -> dict[str, bytes]:
    """Return an archive with each kind of file; the order of the names is the order of the numbers inside."""
    return {
        "2026/01/02/04/b.json": b'{"n":5}\n{"n":6}\n',
        f"{FIREHOSE}.gz": gzip.compress(b'{"n":3}\n{"n":4}\n'),
        FIREHOSE: b'{"n":1}{"n":2}',
        "2026/01/02/04-b.jsonl": b'{"n":4.5}\n',
        "2026/01/02/05/^d.jsonl.gz": gzip.compress(b'{"n":7}'),
    }


ORDERED = [b'{"n":%s}' % n for n in (b"1", b"2", b"3", b"4", b"4.5", b"5", b"6", b"7")]


def transaction(number: int) -> bytes:
    return Transaction(
        transaction_id=f"T{number}",
        event_time_ms=1_000 * number,
        account_id="A",
        transaction_amount_vnd=1.0,
    ).to_json()


def on_disk(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "LOCALSTACK_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with mock_aws():
        client = boto3.client("s3", region_name="ap-southeast-1")
        place = {"LocationConstraint": "ap-southeast-1"}
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield client


def on_s3(client: Client, prefix: str, contents: dict[str, bytes]) -> None:
    for name, data in contents.items():
        client.put_object(Bucket=BUCKET, Key=prefix + name, Body=data)


def read(location: S3Uri | Path) -> list[bytes]:
    return list(archived_lines(location, JobSettings.load(env_file=None), Transaction))


def refusal(location: S3Uri | Path) -> str:
    with pytest.raises(ArchiveError) as refused:
        read(location)
    return str(refused.value)


# ---- order and kinds ----


def test_a_folder_is_read_in_path_order_and_each_file_by_its_kind(tmp_path: Path) -> None:
    assert read(on_disk(tmp_path, files())) == ORDERED


def test_a_folder_on_s3_is_read_in_the_same_order(s3: Client) -> None:
    on_s3(s3, "tx/", files())
    for uri in (f"s3://{BUCKET}/tx", f"s3://{BUCKET}/tx/", f"s3://{BUCKET}"):
        assert read(S3Uri(uri)) == ORDERED


def test_more_objects_than_a_listing_page_are_all_read(s3: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # Real S3 has pages of 1,000.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "20")
    on_s3(s3, "", {f"{number:05}.jsonl": b"%d\n" % number for number in range(50)})
    assert s3.list_objects_v2(Bucket=BUCKET)["IsTruncated"]
    assert len(archived_files(S3Uri(f"s3://{BUCKET}"), JobSettings.load(env_file=None))) == 50


def test_a_key_selects_that_object_alone_and_a_folder_its_contents(s3: Client) -> None:
    on_s3(
        s3,
        "",
        {"a.jsonl": b"1", "a.jsonl.gz": gzip.compress(b"2"), "a.jsonl/b.jsonl": b"3", "ab/c.jsonl": b"4"},
    )
    assert read(S3Uri(f"s3://{BUCKET}/a.jsonl")) == [b"1"]
    assert read(S3Uri(f"s3://{BUCKET}/a.jsonl/")) == [b"3"]
    assert "has no files; give a folder or key with record files (.jsonl, .json, .ndjson, .gz" in refusal(
        S3Uri(f"s3://{BUCKET}/a")
    )


def test_an_archive_may_mix_parquet_and_json_lines(tmp_path: Path) -> None:
    row = {"transaction_id": ["T"], "event_time": ["x"], "account_id": ["A"], "transaction_amount_vnd": [1.5]}
    pq.write_table(pa.table(row), tmp_path / "1.parquet")
    (tmp_path / "2.jsonl").write_bytes(b"{}\n")
    expected = b'{"transaction_id":"T","event_time":"x","account_id":"A","transaction_amount_vnd":1.5}'
    assert read(tmp_path) == [expected, b"{}"]


def test_files_of_other_kinds_are_ignored_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = on_disk(tmp_path, {"_SUCCESS": b"", "a.jsonl": b"1\n", "b.snappy": b"?", "c.orc": b"?"})
    assert read(archive) == [b"1"]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"reading 1 files from {archive}, 2 bytes",
        f"skipped 2 unsupported files, e.g. {archive}/b.snappy",
        f"skipped 1 hidden files (_* or .*), e.g. {archive}/_SUCCESS",
    ]


def test_a_folder_marker_on_s3_is_ignored(s3: Client, capsys: pytest.CaptureFixture[str]) -> None:
    on_s3(s3, "", {"tx/": b"", "tx/a.jsonl": b"1"})
    assert read(S3Uri(f"s3://{BUCKET}/tx")) == [b"1"]
    assert "ignored" not in capsys.readouterr().err


def test_invalid_records_are_passed_on_unchanged(tmp_path: Path) -> None:
    archive = on_disk(tmp_path, {"a.jsonl": b'\xff{\n\n{"a": 1\n', "b.jsonl": b'{"b": 2}'})
    assert read(archive) == [b"\xff{", b'{"a": 1', b'{"b": 2}']


# ---- unreadable archives ----


def test_an_archive_without_any_record_file_is_rejected(tmp_path: Path) -> None:
    kinds = ".jsonl, .json, .ndjson, .gz, .parquet, .csv, or an uncompressed Firehose object"
    expected = f"{tmp_path} has no files; give a folder or key with record files ({kinds})"
    assert refusal(tmp_path) == expected
    on_disk(tmp_path, {"a.orc": b"", "b.avro": b""})
    assert f"has 2 unsupported files, e.g. {tmp_path}/a.orc; give a folder or key" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["in.jsonl", FIREHOSE])
def test_undelimited_records_are_rejected_with_file_line_and_fix(tmp_path: Path, name: str) -> None:
    archive = on_disk(tmp_path, {name: b'{}\n{"a":1}{"b":2}{"c":'})
    said = refusal(archive)
    assert said.startswith(f"{archive / name}, line 2: several records without a line feed between them")
    assert "AppendDelimiterToRecord" in said


def test_a_broken_file_on_s3_is_reported_by_its_uri(s3: Client) -> None:
    on_s3(s3, "", {"a.jsonl.gz": b"no gzip"})
    assert refusal(S3Uri(f"s3://{BUCKET}/a.jsonl.gz")).startswith(
        f"s3://{BUCKET}/a.jsonl.gz is not a complete gzip"
    )


def test_a_missing_bucket_is_reported_by_name(s3: Client) -> None:
    del s3
    assert refusal(S3Uri("s3://nowhere/key")).startswith(
        "s3://nowhere/key not found: bucket 'nowhere' does not exist"
    )


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (
            "AccessDenied",
            "can't be read: access denied (AccessDenied); allow s3:ListBucket on arn:aws:s3:::bank",
        ),
        ("InvalidAccessKeyId", "S3 rejected the AWS credentials (InvalidAccessKeyId): set AWS_ACCESS_KEY_ID"),
        ("ExpiredToken", "S3 rejected the AWS credentials (ExpiredToken)"),
        ("SlowDown", "could not be read: SlowDown"),
    ],
)
def test_an_error_of_s3_is_reported_with_the_fix(
    s3: Client, monkeypatch: pytest.MonkeyPatch, code: str, complaint: str
) -> None:
    del s3

    class Refusing:
        """The emulator has no access control, so this client rejects calls itself."""

        def list_objects_v2(self, **_request: object) -> None:
            raise ClientError({"Error": {"Code": code}}, "ListObjectsV2")

    monkeypatch.setattr(boto3.Session, "client", lambda *_arguments, **_options: Refusing())
    with pytest.raises(ArchiveError) as refused:
        S3(JobSettings.load(env_file=None)).objects(S3Uri("s3://bank/key"))
    assert complaint in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_object_deleted_during_reading_is_reported(s3: Client, tmp_path: Path) -> None:
    del s3
    with pytest.raises(ArchiveError, match=r"a\.jsonl was deleted from the archive during the run"):
        S3(JobSettings.load(env_file=None)).download(S3Uri(f"s3://{BUCKET}/a.jsonl"), tmp_path / "a")


def test_a_copy_without_disk_space_is_reported(s3: Client) -> None:
    on_s3(s3, "", {"a.jsonl": b"1"})
    with pytest.raises(
        ArchiveError, match=r"can't be copied to /no/such/a .*set TMPDIR to a folder with room"
    ):
        S3(JobSettings.load(env_file=None)).download(S3Uri(f"s3://{BUCKET}/a.jsonl"), Path("/no/such/a"))


def test_an_unresponsive_endpoint_is_reported(
    s3: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del s3
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "S3 does not respond (" in refusal(S3Uri(f"s3://{BUCKET}/a"))


def test_missing_credentials_are_reported_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert "no AWS credentials found: set AWS_ACCESS_KEY_ID" in refusal(S3Uri(f"s3://{BUCKET}/a"))


# ---- as the job's source ----


def lines_for_the_job(source: S3Uri | Path, labels: S3Uri | None = None) -> bytes:
    with source_lines(source, labels, JobSettings.load(env_file=None)) as lines:
        return lines.read_bytes()


def test_the_job_reads_an_archive_as_one_file_of_lines(tmp_path: Path) -> None:
    archive = on_disk(tmp_path / "archive", files())
    assert lines_for_the_job(archive) == b"".join(each + b"\n" for each in ORDERED)


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_single_file_without_line_feeds_is_split_too(tmp_path: Path, name: str) -> None:
    data = transaction(1) + transaction(2)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    expected = transaction(1) + b"\n" + transaction(2) + b"\n"
    assert lines_for_the_job(tmp_path / name) == expected


def test_labels_may_be_an_archive_on_s3(s3: Client, tmp_path: Path) -> None:
    labels = [
        Label(
            transaction_id=f"T{n}", account_id="A", event_time_ms=0, available_at_ms=1_000 * n, is_fraud=True
        ).to_json()
        for n in (1, 2)
    ]
    on_s3(s3, "labels/", {"1.jsonl": labels[0], "2.json.gz": gzip.compress(labels[1])})
    archive = on_disk(tmp_path / "archive", {"1.jsonl": transaction(1), "2.jsonl": transaction(2)})
    lines = lines_for_the_job(archive, S3Uri(f"s3://{BUCKET}/labels")).splitlines()
    assert lines == [b"L" + labels[0], b"T" + transaction(1), b"L" + labels[1], b"T" + transaction(2)]


def test_the_temporary_folder_is_empty_afterwards(
    s3: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_s3(s3, "", {"1.jsonl": b"1", "2.jsonl.gz": b"broken"})
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    with pytest.raises(ArchiveError, match=r"2\.jsonl\.gz"):
        lines_for_the_job(S3Uri(f"s3://{BUCKET}"))
    assert list((tmp_path / "t").iterdir()) == []
