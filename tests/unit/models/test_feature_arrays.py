import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.scoring.manifest import ModelError
from jobs.connectors.output_files import assemble_output, fresh_parts_folder
from models.data.feature_arrays import compute_features, read_features, read_keys

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
    """Write a features file as the job does, from Flink's lines."""
    path = folder / "features.parquet"
    lines = [
        orjson.dumps({"transaction_id": f"t{n}", "account_id": "A", **record})
        for n, record in enumerate(records)
    ]
    (fresh_parts_folder(path) / "part-x-0-0").write_bytes(b"".join(line + b"\n" for line in lines))
    assemble_output(path, CATALOGUE)
    return path


def single(*values: float) -> npt.NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


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
def test_a_list_fills_the_positions_that_the_catalogue_assigns(
    tmp_path: Path, last: object, places: list[float]
) -> None:
    # The lists of other rows must not shift it.
    other = {"count": 1, "last": [[7, 8, 9]], "hour": 1}
    path = write(tmp_path, other, {"count": 3, "last": last, "hour": None}, other)
    vectors = read_features(path, CATALOGUE)
    assert vectors.shape == (3, CATALOGUE.width)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[1], single(NAN, *places, 3.0), equal_nan=True)
    assert np.array_equal(vectors[1, CATALOGUE.slices["last"]], single(*places), equal_nan=True)
    assert np.array_equal(vectors[2], single(1, 7, NAN, 8, NAN, 9, NAN, 1), equal_nan=True)


def test_rows_keep_the_file_order_or_go_to_the_given_positions(tmp_path: Path) -> None:
    # More rows than the job writes per batch.
    path = write(tmp_path, *({"hour": n % 24, "last": [], "count": n} for n in range(10_500)))
    assert read_features(path, CATALOGUE)[:, -1].tolist() == list(range(10_500))
    backwards = np.arange(10_500)[::-1]
    assert read_features(path, CATALOGUE, backwards)[:, -1].tolist() == backwards.tolist()
    assert read_keys(path).to_pylist()[-1] == "A\x1ft10499"


def test_values_beyond_single_precision_are_missing_as_in_the_job(tmp_path: Path) -> None:
    path = write(tmp_path, {"hour": 1e300, "last": [[-1e300, 1, 1]], "count": 1})
    vector = read_features(path, CATALOGUE)[0]
    assert np.isnan(vector[:2]).all()
    assert vector[-1] == 1


def test_a_file_without_a_feature_is_reported_with_the_fix(tmp_path: Path) -> None:
    path = write(tmp_path, {"hour": 1, "last": [], "count": 1})
    more = TransactionFeature(name="more", entity="transaction", statistic="weekend")
    with pytest.raises(ModelError) as refused:
        read_features(path, Catalogue((*CATALOGUE.features, more)))
    assert str(refused.value) == (
        f"{path} has no feature 'more'; compute the features with the same catalogue"
    )


@pytest.fixture(name="started")
def fixture_started(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the arguments with which the job would be started; the start fails."""
    started: dict[str, Any] = {"stderr": "parallelism = 1\nerror: no room\n"}

    def fail(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        started.update(options, command=command, pipe=options["stderr"], stderr=started["stderr"])
        return subprocess.CompletedProcess(command, 1, stderr=started["stderr"])

    monkeypatch.setattr(subprocess, "run", fail)
    return started


def test_the_error_of_a_failing_job_is_quoted(tmp_path: Path, started: dict[str, Any]) -> None:
    names = {"source": "in.jsonl", "features-out": "out.parquet", "catalogue": "c.json", "labels": "l.jsonl"}
    source, out, catalogue, labels = (tmp_path / name for name in names.values())
    with pytest.raises(ModelError, match="the job that computes the features failed: error: no room"):
        compute_features(source, out, catalogue, labels)
    for option, name in names.items():
        place = started["command"].index(f"--{option}")
        assert started["command"][place + 1] == str(tmp_path / name)


def test_a_job_that_fails_without_output_is_reported_too(tmp_path: Path, started: dict[str, Any]) -> None:
    started["stderr"] = ""
    with pytest.raises(ModelError, match="failed: exit code 1 without an error message"):
        compute_features(tmp_path / "in.jsonl", tmp_path / "out.parquet")
    assert "--labels" not in started["command"]
    assert "--catalogue" not in started["command"]


def test_the_job_gets_paths_that_are_valid_in_its_own_folder(
    tmp_path: Path, started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError):
        compute_features(Path("in.jsonl"), Path("out.parquet"))
    assert str(tmp_path / "in.jsonl") in started["command"]
    assert str(tmp_path / "out.parquet") in started["command"]


def test_the_users_settings_do_not_reach_the_job(
    tmp_path: Path, started: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDSTREAM_CATALOGUE", "mine.json")
    monkeypatch.setenv("FRAUDSTREAM_ENV_FILE", "mine.env")
    with pytest.raises(ModelError):
        compute_features(tmp_path / "in.jsonl", tmp_path / "out.parquet")
    own = {name: value for name, value in started["env"].items() if name.startswith("FRAUDSTREAM_")}
    assert own == {"FRAUDSTREAM_ENV_FILE": os.devnull}
    assert started["env"]["PATH"] == os.environ["PATH"]
