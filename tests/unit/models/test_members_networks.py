import numpy as np
import pytest

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.manifest import ModelError
from models.members import autoencoder, gru
from models.members.autoencoder import AutoencoderKind, standardised
from models.members.gru import GruKind, steps
from models.members.layers import of_bytes, product, to_bytes
from tests.unit.models.model_rules import CATALOGUE

WIDTH = CATALOGUE.width


def rows_on_a_line(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return rows whose values all follow from one number: what honest transactions have in common."""
    random = np.random.default_rng(seed)
    return np.exp(np.linspace(-2, 2, WIDTH) * random.normal(0, 1, (count, 1))).astype(np.float32)


@pytest.mark.parametrize("frauds", ["unknown", "known"])
def test_the_autoencoder_suspects_rows_that_are_unlike_the_honest_ones(
    frauds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoencoder, "EPOCHS", 60)
    honest = rows_on_a_line(3_000, 1)
    unlike = np.random.default_rng(3).permuted(rows_on_a_line(600, 2), axis=1)
    is_fraud = np.arange(3_600) >= 3_000
    rows = np.concatenate([honest, unlike])
    trained = slice(0, 3_000) if frauds == "unknown" else slice(None)
    member = AutoencoderKind().fit(rows[trained], is_fraud[trained], CATALOGUE, 1)
    assert np.median(member.score(honest)) == pytest.approx(0.5, abs=0.05)
    # Frauds of training are left out, so that they are as strange as if they had not been there.
    assert np.median(member.score(unlike)) > 0.85


def test_standardised_inputs_are_imputed_clipped_and_of_spread_1() -> None:
    random = np.random.default_rng(1)
    honest = random.lognormal(8, 1, (5_000, 3)).astype(np.float32)
    honest[:, 2] = 7
    scaling = autoencoder._scaling(honest)  # noqa: SLF001 - the numbers behind the scores
    rows = standardised(scaling, honest)
    assert rows[:, :2].mean(axis=0) == pytest.approx(0, abs=0.01)
    assert rows[:, :2].std(axis=0) == pytest.approx(1, abs=0.01)
    assert (rows[:, 2] == 0).all()
    extreme = np.array([[np.nan, 3e38, -3e38]], np.float32)
    missing, large, small = standardised(scaling, extreme)[0]
    assert missing == pytest.approx(0, abs=0.05)
    assert (large, small) == (5, -5)


def test_steps_are_the_last_transactions_oldest_first_with_what_is_known() -> None:
    scaling = {"place": np.array([1, 7]), "mean": np.zeros(3, np.float32), "spread": np.ones(3, np.float32)}
    nan = np.nan
    # Two transactions: amounts, gaps, values, the newest first; a feature on either side.
    features = np.array([[9, 10, 20, 5, nan, nan, 3, 9], [9, 10, nan, nan, nan, 2, nan, 9]], np.float32)
    expected = [
        [[20, nan, 3], [10, 5, nan]],
        [[nan, nan, nan], [10, nan, 2]],
    ]
    inputs = steps(scaling, features)
    assert inputs[:, :, :3] == pytest.approx(np.nan_to_num(np.log1p(np.array(expected))))
    assert np.array_equal(inputs[:, :, 3:], ~np.isnan(expected))


def test_steps_before_the_first_transaction_change_nothing() -> None:
    random = np.random.default_rng(1)
    weights = gru._start(3)  # noqa: SLF001 - weights as training begins with them
    weights["bias"] = random.normal(0, 1, weights["bias"].shape).astype(np.float32)
    inputs = random.normal(0, 1, (2, 5, 6)).astype(np.float32)
    inputs[:, :, 3:] = 1
    padded = np.concatenate([np.zeros((3, 5, 6), np.float32), inputs])
    assert np.array_equal(gru.network(np, weights, padded), gru.network(np, weights, inputs))


def test_the_gru_learns_from_the_order_of_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru, "EPOCHS", 40)
    random = np.random.default_rng(1)
    rows = np.full((3_000, WIDTH), 1, np.float32)
    place = CATALOGUE.slices["last"]
    amounts = random.choice([10, 1_000], (3_000, 4)).astype(np.float32)
    rows[:, place.start : place.start + 4] = amounts
    # Fraud is a large amount right after a small one.
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


def test_without_a_list_of_the_account_the_gru_says_so_and_is_not_trained() -> None:
    catalogue = Catalogue(CATALOGUE.features[:3])
    objection = GruKind().unfit_for(catalogue)
    assert objection is not None
    assert "the catalogue has no feature" in objection
    assert GruKind().unfit_for(CATALOGUE) is None
    with pytest.raises(ModelError, match="add one, or leave gru out"):
        GruKind().fit(np.ones((5, 3), np.float32), np.ones(5, bool), catalogue, 1)


@pytest.mark.parametrize("count", [0, 1, 63, 200])
def test_a_product_is_the_rows_times_the_weights_and_treats_each_row_alike(count: int) -> None:
    random = np.random.default_rng(3)
    rows = random.standard_normal((count, 71)).astype(np.float32)
    weights = random.standard_normal((71, 33)).astype(np.float32)
    made = product(rows, weights)
    np.testing.assert_allclose(made, rows.astype(np.float64) @ weights, rtol=1e-4, atol=1e-4)
    for row in range(count):
        assert np.array_equal(product(rows[row : row + 1], weights)[0], made[row])


def test_arrays_that_a_network_does_not_have_are_named() -> None:
    data = to_bytes({"a": np.ones(2, np.float32), "b": np.ones(1, np.float32)})
    assert data == to_bytes({"a": np.ones(2, np.float32), "b": np.ones(1, np.float32)})
    assert of_bytes(data, ("b", "a"))["a"].tolist() == [1, 1]
    with pytest.raises(ModelError, match="has the arrays a, b; this version reads a, c"):
        of_bytes(data, ("a", "c"))
