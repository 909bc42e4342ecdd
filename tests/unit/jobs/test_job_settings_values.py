"""Single settings: what each takes, and that all else is refused by field, value and remedy."""

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
def test_an_endpoint_is_a_host_and_a_port_and_can_hold_no_secret(url: str) -> None:
    assert refusal("--aws-endpoint-url", url).startswith(f"aws_endpoint_url: {url!r} can't be used")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://[::1]:4566/", "https://vpce-1.kinesis.aws.com"]
)
def test_an_endpoint_may_be_a_name_or_an_address(url: str) -> None:
    assert load("--aws-endpoint-url", url).endpoint_url == url


def test_an_account_is_twelve_digits_that_stay_a_text() -> None:
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


def test_state_is_on_the_heap_and_fresh_unless_told_otherwise() -> None:
    settings = load()
    assert settings.state_backend == "hashmap"
    assert settings.from_savepoint is None
    assert settings.allow_dropped_state is False


def test_a_job_may_go_on_from_a_savepoint_in_rocksdb() -> None:
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
def test_a_value_of_another_kind_is_refused(option: str, value: str, remedy: str) -> None:
    field = option.removeprefix("--").replace("-", "_")
    assert refusal(option, value).startswith(f"{field}: {value!r} can't be used: {remedy}")


# ---- files ----


@pytest.mark.parametrize("path", ["no-such-file.jsonl", "."])
def test_a_catalogue_that_is_no_file_is_refused(path: str) -> None:
    expected = f"catalogue: {path!r} can't be used: there is no such file; give the path of one that exists"
    assert refusal("--catalogue", path).startswith(expected)


@pytest.mark.parametrize("option", ["--source", "--labels"])
@pytest.mark.parametrize("path", ["no-such-file.jsonl", "no/such/folder/", "/dev/null"])
def test_an_input_that_is_neither_file_nor_folder_is_refused(option: str, path: str) -> None:
    expected = f"{option.removeprefix('--')}: {path!r} can't be used: there is no such file or folder; give"
    assert refusal(option, path).startswith(expected)


@pytest.mark.parametrize("option", ["--source", "--labels"])
@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://Bucket/key", "s3://b/key", "s3://no_such/key"])
def test_a_bucket_that_can_not_be_is_refused(option: str, uri: str) -> None:
    expected = (
        f"{option.removeprefix('--')}: {uri!r} can't be used: no bucket has such a name; write s3://BUCKET/"
    )
    assert refusal(option, uri).startswith(expected)


def test_a_source_and_its_labels_may_be_folders_or_lie_on_s3(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    settings = load("--source", tmp_path, "--labels", "s3://bank/labels/2026", "--features-out", out)
    assert (settings.source, settings.labels) == (tmp_path, "s3://bank/labels/2026")
    assert isinstance(settings.labels, S3Uri)
    assert (settings.labels.bucket, settings.labels.key) == ("bank", "labels/2026")


def test_a_place_on_s3_is_shown_as_it_was_given(tmp_path: Path) -> None:
    settings = load("--source", "s3://bank", "--features-out", tmp_path / "out.jsonl")
    assert ("source", "s3://bank") in settings.table()
    assert isinstance(settings.source, S3Uri)
    assert (settings.source.bucket, settings.source.key) == ("bank", "")


def test_a_source_and_labels_at_the_same_place_on_s3_are_refused(tmp_path: Path) -> None:
    same = ("--source", "s3://bank/a", "--labels", "s3://bank/a", "--features-out", tmp_path / "out.jsonl")
    assert "(source and labels are s3://bank/a): give each a file of its own" in refusal(*same)


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.parquet"])
def test_a_source_and_its_labels_may_be_of_each_kind(tmp_path: Path, name: str) -> None:
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
def test_an_output_of_a_kind_that_is_not_written_is_refused(tmp_path: Path, option: str, suffix: str) -> None:
    message = refusal("--source", __file__, option, tmp_path / f"out{suffix}")
    field = option.removeprefix("--").replace("-", "_")
    assert message.startswith(f"{field}: '{tmp_path}/out{suffix}' can't be used: no .")
    assert "is written here; give a .jsonl" in message


@pytest.mark.parametrize("option", OUTPUTS)
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", "this is a folder; give the path of a file"),
        ("/no/such/folder/x.jsonl", "its folder does not exist; create that first"),
        (f"{__file__}/x.jsonl", "its folder does not exist; create that first"),
        (os.devnull, "this is a device or a pipe; give the path of a file"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_anything_runs(
    option: str, path: str, says: str
) -> None:
    field = option.removeprefix("--").replace("-", "_")
    message = refusal("--source", __file__, option, path)
    assert message.startswith(f"{field}: {path!r} can't be used: {says}")


def test_an_output_in_a_folder_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever runs the tests may be allowed to write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    message = refusal("--source", __file__, "--features-out", tmp_path / "x.jsonl")
    assert "its folder can't be written; give another one, or the right to write there" in message
