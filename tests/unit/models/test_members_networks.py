import numpy as np
import pytest

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.autoencoder import standardised
from models.members import autoencoder_training, gru_training
from models.members.autoencoder_training import AutoencoderKind, scaling_of
from models.members.gru_training import GruKind
from tests.unit.models.model_rules import CATALOGUE

WIDTH = CATALOGUE.width


def rows_on_a_line(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return rows whose values all follow from one number, the pattern of honest transactions."""
    random = np.random.default_rng(seed)
    return np.exp(np.linspace(-2, 2, WIDTH) * random.normal(0, 1, (count, 1))).astype(np.float32)


@pytest.mark.parametrize("frauds", ["unknown", "known"])
def test_the_autoencoder_gives_higher_scores_to_rows_unlike_honest_ones(
    frauds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder_training, "EPOCHS", 60)
    honest = rows_on_a_line(3_000, 1)
    unlike = np.random.default_rng(3).permuted(rows_on_a_line(600, 2), axis=1)
    is_fraud = np.arange(3_600) >= 3_000
    rows = np.concatenate([honest, unlike])
    trained = slice(0, 3_000) if frauds == "unknown" else slice(None)
    member = AutoencoderKind().fit(rows[trained], is_fraud[trained], CATALOGUE, 1)
    assert np.median(member.score(honest)) == pytest.approx(0.5, abs=0.05)
    # Frauds are excluded from training, so they are as unusual as unseen data.
    assert np.median(member.score(unlike)) > 0.85


def test_standardised_inputs_are_imputed_clipped_and_of_unit_deviation() -> None:
    random = np.random.default_rng(1)
    honest = random.lognormal(8, 1, (5_000, 3)).astype(np.float32)
    honest[:, 2] = 7
    scaling = scaling_of(honest)
    rows = standardised(scaling, honest)
    assert rows[:, :2].mean(axis=0) == pytest.approx(0, abs=0.01)
    assert rows[:, :2].std(axis=0) == pytest.approx(1, abs=0.01)
    assert (rows[:, 2] == 0).all()
    extreme = np.array([[np.nan, 3e38, -3e38]], np.float32)
    missing, large, small = standardised(scaling, extreme)[0]
    assert missing == pytest.approx(0, abs=0.05)
    assert (large, small) == (5, -5)


def test_the_gru_learns_from_the_order_of_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_training, "EPOCHS", 40)
    random = np.random.default_rng(1)
    rows = np.full((3_000, WIDTH), 1, np.float32)
    place = CATALOGUE.slices["last"]
    amounts = random.choice([10, 1_000], (3_000, 4)).astype(np.float32)
    rows[:, place.start : place.start + 4] = amounts
    # Fraud is a large amount directly after a small one.
    is_fraud = (amounts[:, 0] == 1_000) & (amounts[:, 1] == 10)
    scores = GruKind().fit(rows, is_fraud, CATALOGUE, 1).score(rows)
    assert scores[is_fraud].min() > scores[~is_fraud].max()


def test_the_gru_reads_the_longest_list_of_the_account() -> None:
    last = CATALOGUE.features[CATALOGUE.names.index("last")]
    short, of_device = (
        last.model_copy(update=changes)
        for changes in ({"name": "short", "n": 2}, {"name": "device", "entity": "device_id", "n": 9})
    )
    catalogue = Catalogue((short, of_device, last))
    rows = np.random.default_rng(1).lognormal(3, 1, (200, catalogue.width)).astype(np.float32)
    member = GruKind().fit(rows, rows[:, 0] > 20, catalogue, 1)
    other = rows.copy()
    other[:, : catalogue.slices["last"].start] = np.nan
    assert np.array_equal(member.score(rows), member.score(other))


def test_without_a_list_of_the_account_the_gru_is_not_trained_and_reports_why() -> None:
    catalogue = Catalogue(CATALOGUE.features[:3])
    objection = GruKind().reason_unsuitable(catalogue)
    assert objection is not None
    assert "the catalogue has no feature" in objection
    assert GruKind().reason_unsuitable(CATALOGUE) is None
    with pytest.raises(ModelError, match="add one, or omit gru"):
        GruKind().fit(np.ones((5, 3), np.float32), np.ones(5, bool), catalogue, 1)
