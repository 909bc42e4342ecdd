import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from fraudstream.catalogue import Catalogue, TransactionFeature, WindowFeature
from models.dataset import Dataset, compute_features, read_features
from models.manifest import ModelError

CATALOGUE = Catalogue(
    (
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
        WindowFeature(
            name="last",
            entity="merchant_id",
            statistic="last_n",
            column="transaction_fees_vnd",
            window_ms=1_000,
            n=2,
        ),
        WindowFeature(name="count", entity="account_id", statistic="count", window_ms=1_000),
    )
)
NAN = float("nan")


def write(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "features.jsonl"
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


@pytest.mark.parametrize(
    ("last", "places"),
    [
        ([[10, 0.5, 1], [20, None, 2]], [10, 20, 0.5, NAN, 1, 2]),
        ([[10, 0.5, None], [20, 3, 2]], [10, 20, 0.5, 3, NAN, 2]),
        ([[10, None, 1]], [10, NAN, NAN, NAN, 1, NAN]),
        ([], [NAN] * 6),
        (None, [NAN] * 6),
    ],
)
def test_a_list_takes_the_places_that_the_catalogue_gives_it(
    tmp_path: Path, last: object, places: list[float]
) -> None:
    # The keys' order is the file's business.
    path = write(tmp_path, {"count": 3, "last": last, "hour": None, "transaction_id": "t"})
    vector = read_features(path, CATALOGUE)
    assert vector.shape == (1, CATALOGUE.width)
    assert np.array_equal(vector, [[NAN, *places, 3.0]], equal_nan=True)
    assert np.array_equal(vector[0, CATALOGUE.slices["last"]], places, equal_nan=True)


def test_the_rows_keep_the_order_of_the_lines(tmp_path: Path) -> None:
    path = write(tmp_path, *({"hour": hour, "last": [], "count": 1} for hour in (5, 3, 4)))
    assert read_features(path, CATALOGUE)[:, 0].tolist() == [5, 3, 4]


def test_no_lines_are_no_rows_of_the_same_width(tmp_path: Path) -> None:
    assert read_features(write(tmp_path), CATALOGUE).shape == (0, CATALOGUE.width)


def test_a_file_that_lacks_a_feature_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = write(tmp_path, {"hour": 1, "count": 1})
    with pytest.raises(ModelError) as refused:
        read_features(path, CATALOGUE)
    assert str(refused.value) == (
        f"{path} has no feature 'last'; compute the features with the catalogue that is trained on"
    )


def test_parts_by_share_leave_out_no_transaction_and_none_is_in_two() -> None:
    data = Dataset(np.arange(7.0).reshape(7, 1), np.arange(7) % 2 == 0, ("loan_fraud", *[None] * 6))
    parts = [data.part(0, 0.6), data.part(0.6, 0.8), data.part(0.8, 1)]
    assert [len(part.is_fraud) for part in parts] == [4, 2, 1]
    assert np.array_equal(np.concatenate([part.features for part in parts]), data.features)
    assert parts[0].fraud_types == ("loan_fraud", None, None, None)


@pytest.fixture(name="started")
def fixture_started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return how the job would have been started; it fails."""
    started: dict[str, Any] = {}

    def fail(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        started.update(options, command=command)
        return subprocess.CompletedProcess(command, 1, stderr="parallelism = 1\nerror: no room\n")

    monkeypatch.setattr(subprocess, "run", fail)
    return started


def test_a_job_that_fails_is_quoted(tmp_path: Path, started: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="the job that computes the features failed: error: no room"):
        compute_features(tmp_path / "in.jsonl", tmp_path / "out.jsonl", tmp_path / "catalogue.json")
    for option, name in (
        ("source", "in.jsonl"),
        ("features-out", "out.jsonl"),
        ("catalogue", "catalogue.json"),
    ):
        place = started["command"].index(f"--{option}")
        assert started["command"][place + 1] == str(tmp_path / name)


def test_no_setting_of_whoever_trains_reaches_the_job(
    tmp_path: Path, started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDSTREAM_CATALOGUE", "mine.json")
    monkeypatch.setenv("FRAUDSTREAM_ENV_FILE", "mine.env")
    with pytest.raises(ModelError):
        compute_features(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    own = {name: value for name, value in started["env"].items() if name.startswith("FRAUDSTREAM_")}
    assert own == {"FRAUDSTREAM_ENV_FILE": os.devnull}
    assert started["env"]["PATH"] == os.environ["PATH"]
