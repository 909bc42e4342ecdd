"""Files with any legal name."""

from pathlib import Path

import orjson

from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from tests.job.job_helpers import run_feature_job
from tests.job.random_stream import transactions

STREAM = transactions(1, 50)
CATALOGUE = Catalogue((TransactionFeature(name="hour", entity="transaction", statistic="hour"),))


NAME = "_giao dịch #1 100%25?.jsonl"
"""Flink's own sources ignore files with these prefixes, and Flink's paths do not support escapes."""


def test_files_with_any_name_and_folder_are_read_and_written(tmp_path: Path) -> None:
    folder = tmp_path / "dữ liệu + 'mới'"
    folder.mkdir()
    source, out, catalogue = folder / NAME, folder / f"features of {NAME}", folder / "catalogue.json"
    source.write_bytes(b"".join(each.to_json() + b"\n" for each in STREAM))
    catalogue.write_text(CATALOGUE.to_json())
    process = run_feature_job(
        *("--source", source, "--features-out", out, "--catalogue", catalogue, "--parallelism", "1")
    )
    assert process.returncode == 0, process.stderr
    rows = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert [row["transaction_id"] for row in rows] == [each.transaction_id for each in STREAM]
    assert list(tmp_path.iterdir()) == [folder]
    assert set(folder.iterdir()) == {source, out, catalogue}
