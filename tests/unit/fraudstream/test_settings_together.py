"""Settings that are fine one by one and not together: each refused with what to change."""

from pathlib import Path

import pytest

from fraudstream.settings import Settings, SettingsError

SAME_STREAM = ["--alerts-stream", "Transactions"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (SAME_STREAM, "two of the streams have the same name (Transactions, Transactions, "),
        (["--alerts-stream", "off"], "only scored_stream can be 'off'"),
        (["--dead-letters-stream", "off", "--scored-stream", "on"], "only scored_stream can be 'off'"),
        (["--parallelism", "9", "--max-parallelism", "8"], "parallelism: 9 is more than max_parallelism"),
        (["--features-out", "x.jsonl"], "an output file needs an input file: give --source too"),
        (["--source", __file__], "--source needs an output: --features-out"),
        (["--source", __file__, "--features-out", __file__], "two of the files are the same"),
        (
            ["--source", __file__, "--features-out", "a", "--scores-out", "./a"],
            "two of the files are the same",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load(arguments, env_file=None)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("path", "says"),
    [("/", "this is a folder"), ("/no/such/folder/x.jsonl", "its folder does not exist")],
)
def test_an_output_that_cannot_be_written_is_refused_before_anything_runs(path: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings.load(["--source", __file__, "--alerts-out", path], env_file=None)


def test_what_goes_together_is_taken() -> None:
    settings = Settings.load(
        ["--source", __file__, "--features-out", "a", "--scores-out", "b", "--parallelism", "128"],
        env_file=None,
    )
    assert settings.features_out == Path("a")
    assert settings.parallelism == settings.max_parallelism


@pytest.mark.parametrize(
    "url", ["http://key:secret@127.0.0.1:4566", "http://127.0.0.1:4566/path", "http://a'b"]
)
def test_an_endpoint_is_a_host_and_a_port_and_can_hold_no_secret(url: str) -> None:
    with pytest.raises(SettingsError, match="aws_endpoint_url"):
        Settings.load(["--aws-endpoint-url", url], env_file=None)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://[::1]:4566/", "https://vpce-1.kinesis.aws.com"]
)
def test_an_endpoint_may_be_a_name_or_an_address(url: str) -> None:
    assert Settings.load(["--aws-endpoint-url", url], env_file=None).endpoint_url == url
