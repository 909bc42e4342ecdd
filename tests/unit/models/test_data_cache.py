from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, TransactionFeature, WindowFeature
from fraudstream.scoring.manifest import ModelError
from models.data import cache
from models.data.cache import features_digest, load_dataset
from models.data.labelled_dataset import DatasetFiles

HOUR = TransactionFeature(name="hour", entity="transaction", statistic="hour")
PLAIN = Catalogue((HOUR,))
RATE = WindowFeature(name="rate", entity="merchant_id", statistic="fraud_rate", window_ms=1_000)
TRANSACTION = (
    '{"transaction_id": "t", "event_time": "2026-01-05T00:00:00Z", "account_id": "A", '
    '"transaction_amount_vnd": 5}\n'
)


@pytest.fixture(name="files")
def fixture_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetFiles:
    files = DatasetFiles(tmp_path / "transactions.jsonl", tmp_path / "labels.jsonl")
    files.transactions.write_text(TRANSACTION)
    files.labels.write_text("")
    kernel = tmp_path / "kernel.jar"
    kernel.write_text("code")
    monkeypatch.setattr(cache, "KERNEL", kernel)
    return files


def test_the_digest_changes_with_each_file_the_catalogue_and_the_kernel(files: DatasetFiles) -> None:
    digests = {features_digest(files, PLAIN), features_digest(files, BUILT_IN)}
    for path in (files.transactions, files.labels, cache.KERNEL):
        path.write_text(path.read_text() + "\n")
        digests.add(features_digest(files, PLAIN))
    assert len(digests) == 5
    assert features_digest(files, PLAIN) in digests


def test_a_missing_file_is_reported_with_the_fix(files: DatasetFiles) -> None:
    cache.KERNEL.unlink()
    with pytest.raises(ModelError, match=r"kernel\.jar can't be read .*; run `make setup`"):
        features_digest(files, PLAIN)
    files.labels.unlink()
    with pytest.raises(ModelError, match=r"labels\.jsonl can't be read .*; give a readable file"):
        features_digest(files, PLAIN)


@pytest.mark.parametrize(("catalogue", "needs_labels"), [(PLAIN, False), (Catalogue((HOUR, RATE)), True)])
def test_features_are_computed_once_and_with_labels_only_if_a_feature_needs_them(
    files: DatasetFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    catalogue: Catalogue,
    *,
    needs_labels: bool,
) -> None:
    asked: list[Path | None] = []

    def compute(transactions: Path, features: Path, wanted: Path, labels: Path | None) -> None:
        assert transactions == files.transactions
        assert Catalogue.load(wanted) == catalogue
        asked.append(labels)
        columns = {name: [1.0] for name in catalogue.names}
        pq.write_table(pa.table({"transaction_id": ["t"], "account_id": ["A"], **columns}), features)

    monkeypatch.setattr(cache, "compute_features", compute)
    heard: list[str] = []
    for _ in range(2):
        data = load_dataset(files, catalogue, tmp_path / "kept", heard.append)
        assert data.features.shape == (1, len(catalogue.names))
    assert asked == [files.labels if needs_labels else None]
    assert [text.split()[0] for text in heard] == ["computing", "reading", "using", "reading"]
