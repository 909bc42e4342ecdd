"""Valid values of single settings; others are rejected with field, value and fix."""

import os
from pathlib import Path

import pytest

from fraudstream.archives.locations import S3Uri
from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings

OUTPUTS = ("--features-out", "--scores-out", "--dead-letters-out", "--alerts-out")


def load(*arguments: str | Path) -> JobSettings:
    return JobSettings.load([str(argument) for argument in arguments], env_file=None)


def refusal(*arguments: str | Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load(*arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://key:secret@127.0.0.1:4566", "http://127.0.0.1:4566/path", "http://a'b"]
)
def test_an_endpoint_is_a_host_and_a_port_and_can_contain_no_secret(url: str) -> None:
    assert refusal("--aws-endpoint-url", url).startswith(f"aws_endpoint_url: {url!r} can't be used")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://[::1]:4566/", "https://vpce-1.kinesis.aws.com"]
)
def test_an_endpoint_may_be_a_name_or_an_address(url: str) -> None:
    assert load("--aws-endpoint-url", url).endpoint_url == url


def test_an_account_has_twelve_digits_and_stays_a_string() -> None:
    assert load("--aws-account-id", "000000000012").aws_account_id == "000000000012"
    assert load().aws_account_id is None


# ---- the hash key ----

KEY = "000102030405060708090a0b0c0d0e0f"


def test_a_hash_key_is_never_shown() -> None:
    settings = load("--hash-key", KEY)
    assert settings.hash_key is not None
    assert settings.hash_key.get_secret_value() == KEY
    assert dict(settings.table())["hash_key"] == "**********"
    assert KEY not in repr(settings)
    assert dict(load().table())["hash_key"] == "None"


@pytest.mark.parametrize("key", [KEY[1:], KEY + "0", KEY[1:] + "g", f"{KEY}\n", f"0x{KEY[2:]} "])
def test_a_hash_key_is_32_hexadecimal_digits_and_a_wrong_one_is_not_shown(key: str) -> None:
    said = refusal("--hash-key", key)
    assert said.startswith("hash_key: ********** can't be used: it must be 32 hexadecimal digits; make one")
    assert key not in said


def test_a_hash_key_comes_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDSTREAM_HASH_KEY", KEY.upper())
    key = load().hash_key
    assert key is not None
    assert key.get_secret_value() == KEY.upper()


# ---- state ----


def test_state_is_on_the_heap_and_empty_by_default() -> None:
    settings = load()
    assert settings.state_backend == "hashmap"
    assert settings.from_savepoint is None
    assert settings.allow_dropped_state is False


def test_a_job_may_restore_a_savepoint_into_rocksdb() -> None:
    uri = "s3://bucket/savepoint-1"
    settings = load(
        *("--from-savepoint", uri, "--allow-dropped-state", "true", "--state-backend", "rocksdb"),
    )
    assert settings.from_savepoint == uri
    assert settings.allow_dropped_state is True
    assert settings.state_backend == "rocksdb"


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--state-backend", "memory", "Input should be 'hashmap' or 'rocksdb'"),
        ("--allow-dropped-state", "perhaps", "Input should be a valid boolean"),
        ("--label-feedback", "perhaps", "Input should be a valid boolean"),
        ("--source-rate", "0", "Input should be greater than 0"),
        ("--source-rate", "-1", "Input should be greater than 0"),
        ("--source-rate", "inf", "Input should be a finite number"),
        ("--source-rate", "nan", "Input should be"),
        ("--source-rate", "fast", "Input should be a valid number"),
    ],
)
def test_a_value_of_the_wrong_type_is_rejected(option: str, value: str, remedy: str) -> None:
    field = option.removeprefix("--").replace("-", "_")
    assert refusal(option, value).startswith(f"{field}: {value!r} can't be used: {remedy}")


# ---- files ----


@pytest.mark.parametrize("path", ["no-such-file.jsonl", "."])
def test_a_catalogue_path_that_is_not_a_file_is_rejected(path: str) -> None:
    expected = f"catalogue: {path!r} can't be used: file not found; give the path of an existing file"
    assert refusal("--catalogue", path).startswith(expected)


@pytest.mark.parametrize("option", ["--source", "--labels"])
@pytest.mark.parametrize("path", ["no-such-file.jsonl", "no/such/folder/", "/dev/null"])
def test_an_input_that_is_neither_file_nor_folder_is_rejected(option: str, path: str) -> None:
    expected = f"{option.removeprefix('--')}: {path!r} can't be used: file or folder not found; give"
    assert refusal(option, path).startswith(expected)


@pytest.mark.parametrize("option", ["--source", "--labels"])
@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://Bucket/key", "s3://b/key", "s3://no_such/key"])
def test_an_invalid_bucket_name_is_rejected(option: str, uri: str) -> None:
    expected = f"{option.removeprefix('--')}: {uri!r} can't be used: the bucket name is not valid; write"
    assert refusal(option, uri).startswith(expected)


def test_a_source_and_its_labels_may_be_folders_or_on_s3(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    settings = load("--source", tmp_path, "--labels", "s3://bank/labels/2026", "--features-out", out)
    assert (settings.source, settings.labels) == (tmp_path, "s3://bank/labels/2026")
    assert isinstance(settings.labels, S3Uri)
    assert (settings.labels.bucket, settings.labels.key) == ("bank", "labels/2026")


def test_an_s3_uri_is_shown_as_given(tmp_path: Path) -> None:
    settings = load("--source", "s3://bank", "--features-out", tmp_path / "out.jsonl")
    assert ("source", "s3://bank") in settings.table()
    assert isinstance(settings.source, S3Uri)
    assert (settings.source.bucket, settings.source.key) == ("bank", "")


def test_a_source_and_labels_at_the_same_s3_uri_are_rejected(tmp_path: Path) -> None:
    same = ("--source", "s3://bank/a", "--labels", "s3://bank/a", "--features-out", tmp_path / "out.jsonl")
    assert "source and labels are the same file, s3://bank/a: use different files" in refusal(*same)


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.parquet"])
def test_a_source_and_its_labels_may_have_each_format(tmp_path: Path, name: str) -> None:
    source, labels = tmp_path / name, tmp_path / f"labels-{name}"
    source.touch()
    labels.touch()
    settings = load("--source", source, "--labels", labels, "--features-out", tmp_path / "out.jsonl")
    assert (settings.source, settings.labels) == (source, labels)


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_features_are_written_as_json_lines_or_parquet(tmp_path: Path, name: str) -> None:
    settings = load("--source", __file__, "--features-out", tmp_path / name)
    assert settings.features_out == tmp_path / name


@pytest.mark.parametrize(
    ("option", "suffix"),
    [
        *((option, ".parquet") for option in OUTPUTS if option != "--features-out"),
        *((option, ".jsonl.gz") for option in OUTPUTS),
        ("--features-out", ".parquet.gz"),
    ],
)
def test_an_output_of_an_unsupported_format_is_rejected(tmp_path: Path, option: str, suffix: str) -> None:
    message = refusal("--source", __file__, option, tmp_path / f"out{suffix}")
    field = option.removeprefix("--").replace("-", "_")
    assert message.startswith(f"{field}: '{tmp_path}/out{suffix}' can't be used: .")
    assert "is not supported for this output; give a .jsonl" in message


@pytest.mark.parametrize("option", OUTPUTS)
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", "this is a folder; give the path of a file"),
        ("/no/such/folder/x.jsonl", "its folder does not exist; create it first"),
        (f"{__file__}/x.jsonl", "its folder does not exist; create it first"),
        (os.devnull, "this is a device or a pipe; give the path of a file"),
    ],
)
def test_an_unwritable_output_is_rejected_before_the_job_starts(option: str, path: str, says: str) -> None:
    field = option.removeprefix("--").replace("-", "_")
    message = refusal("--source", __file__, option, path)
    assert message.startswith(f"{field}: {path!r} can't be used: {says}")


def test_an_output_in_a_folder_without_write_permission_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The user who runs the tests may have write permission everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    message = refusal("--source", __file__, "--features-out", tmp_path / "x.jsonl")
    assert "its folder is not writable; use another folder, or fix its permissions" in message
