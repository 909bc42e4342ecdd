"""Settings that are valid individually but not together: each is rejected with the fix."""

from datetime import timedelta
from pathlib import Path

import pytest

from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings

SAME_STREAM = ["--alerts-stream", "Transactions"]
HERE = ["--source", __file__]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (SAME_STREAM, "stream names must differ, but two of them are equal (Transactions, Transactions, "),
        (["--labels-stream", "Alerts"], "stream names must differ"),
        (["--scored-stream", "DeadLetters"], "stream names must differ"),
        (["--alerts-stream", "off"], "only scored_stream and decisions_stream can be 'off'"),
        (
            ["--dead-letters-stream", "off", "--scored-stream", "on"],
            "only scored_stream and decisions_stream can be 'off'",
        ),
        (["--labels-stream", "off"], "only scored_stream and decisions_stream can be 'off'"),
        (
            ["--parallelism", "9", "--max-parallelism", "8"],
            "parallelism: 9 is more than max_parallelism 8; raise max_parallelism, or lower parallelism",
        ),
        (["--features-out", "x.jsonl"], "features_out: an output file needs an input file: give --source"),
        (["--scores-out", "x.jsonl"], "scores_out: an output file needs an input file: give --source"),
        (["--alerts-out", "x.jsonl"], "alerts_out: an output file needs an input file: give --source"),
        (["--dead-letters-out", "x.jsonl"], "dead_letters_out: an output file needs an input file"),
        (
            ["--labels", __file__],
            "labels and source_rate need --source FILE; to read labels from a stream, use --label-feedback",
        ),
        (
            [*HERE, "--features-out", "a", "--source-ramp", "5s"],
            "source_ramp needs a rate: give --source-rate",
        ),
        (["--source-ttl", "5m"], "source_ttl needs --source: a stream's state is kept as long as"),
        (["--source-rate", "5"], "labels and source_rate need --source FILE"),
        (
            [*HERE, "--features-out", "a", "--label-feedback", "true"],
            "label_feedback reads a stream, so it can't be used with --source: give --labels FILE",
        ),
        (
            [*HERE, "--features-out", "a", "--from-savepoint", "file:///s"],
            "from_savepoint can't be used with --source: a file is read from its beginning; omit",
        ),
        (
            ["--hash-key", "0" * 32, "--hash-key-from", "file:///s"],
            "hash_key and hash_key_from each give a key: leave one of them out",
        ),
        (HERE, "--source needs an output: --features-out, --scores-out, --alerts-out or --dead-letters-out"),
        ([*HERE, "--features-out", __file__], "source and features_out are the same file, /"),
        ([*HERE, "--labels", __file__, "--features-out", "a"], "source and labels are the same file, /"),
        (
            [*HERE, "--catalogue", __file__, "--features-out", "a"],
            "catalogue and source are the same file, /",
        ),
        (
            [*HERE, "--features-out", "a", "--scores-out", "./a"],
            "features_out and scores_out are the same file, /",
        ),
        ([*HERE, "--alerts-out", "a", "--dead-letters-out", "b/../a"], "use different files"),
    ],
)
def test_contradictory_settings_are_rejected(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as refused:
        JobSettings.load(arguments, env_file=None)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_link_counts_as_the_file_behind_it(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "in.jsonl")
    arguments = ["--source", str(tmp_path / "in.jsonl"), "--features-out", str(tmp_path / "link.jsonl")]
    with pytest.raises(SettingsError, match="source and features_out are the same file"):
        JobSettings.load(arguments, env_file=None)


def test_compatible_settings_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.parquet").touch()
    settings = JobSettings.load(
        [
            *(*HERE, "--labels", "labels.parquet", "--source-rate", "2.5", "--parallelism", "128"),
            *("--source-ramp", "1m", "--source-ttl", "2m"),
            *("--features-out", "a.parquet", "--scores-out", "b"),
        ],
        env_file=None,
    )
    assert settings.features_out == Path("a.parquet")
    assert settings.labels == Path("labels.parquet")
    assert settings.source_rate == 2.5
    assert settings.source_ramp == timedelta(minutes=1)
    assert settings.source_ttl == timedelta(minutes=2)
    assert settings.parallelism == settings.max_parallelism


def test_the_scored_stream_may_be_off_and_labels_may_be_fed_back() -> None:
    settings = JobSettings.load(["--scored-stream", "off", "--label-feedback", "true"], env_file=None)
    assert settings.scored_stream == "off"
    assert settings.label_feedback
