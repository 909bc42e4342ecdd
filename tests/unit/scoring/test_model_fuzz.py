"""Arbitrary and damaged bytes as a model: a clear refusal, or a model that scores; never a crash."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.members.autoencoder import shapes
from fraudstream.scoring.members.network_layers import to_bytes
from fraudstream.scoring.members.ubjson import read_ubjson
from models.members.gru_training import start_weights
from tests.fuzz_budget import examples
from tests.mutations import JSON_TEXTS, MANY_DEEP, VALUES, damaged, rewritten
from tests.probing import Probe, probing
from tests.unit.scoring.booster_files import booster_bytes, to_ubjson
from tests.unit.scoring.model_probe import KINDS, WIDTH

Path = tuple[Any, ...]


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    with probing("tests.unit.scoring.model_probe") as running:
        yield running


def gru() -> dict[str, Any]:
    ones = np.ones(3, np.float32)
    return {**start_weights(3), "place": np.array([1, 4]), "mean": 0 * ones, "spread": ones}


def autoencoder() -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {name: np.asarray(random.random(shape) + 0.5, np.float32) for name, shape in shapes(WIDTH).items()}


BOOSTER = booster_bytes()
FOREST = BOOSTER.replace(b"binary:logistic", b"reg:squarederror").replace(
    b"L" + len(b"binary:logistic").to_bytes(8, "big"), b"L" + len(b"reg:squarederror").to_bytes(8, "big")
)
SAMPLES = {"X": BOOSTER, "I": FOREST, "A": to_bytes(autoencoder()), "G": to_bytes(gru())}
NUMBERS = (0, 1, -1, 2, 5, 127, 128, 255, 2**15, 2**31 - 1, -(2**31), 2**31, 2**62)
FLOATS = (0.0, -0.0, 1e-45, 3.4e38, -3.4e38, float("inf"), float("nan"))


def places(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any content of a model
    """Yield the path of every field and item of a model."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


MODEL = read_ubjson(BOOSTER)
PLACES = list(places(MODEL))[1:]


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """Draw a booster of valid UBJSON with some parts exchanged, left out, or of other numbers."""
    model = read_ubjson(BOOSTER)
    for _ in range(draw(st.integers(1, 3))):
        *parents, key = draw(st.sampled_from(PLACES))
        part = model
        try:
            for each in parents:
                part = part[each]
            _edit(draw, part, key)
        except (KeyError, IndexError, TypeError):
            continue
    return to_ubjson(model)


def _edit(draw: st.DrawFn, part: Any, key: Any) -> None:  # noqa: ANN401 - a part of a model and its key
    value = part[key]
    action: str = draw(st.sampled_from(("number", "number", "number", "value", "other", "remove")))
    if action == "number" and isinstance(value, np.ndarray) and len(value):
        numbers = FLOATS if value.dtype.kind == "f" else NUMBERS
        at: int = draw(st.integers(0, len(value) - 1))
        value[at] = np.array(draw(st.sampled_from(numbers))).astype(value.dtype)
    elif action == "remove":
        del part[key]
    elif action == "other":
        *parents, name = draw(st.sampled_from(PLACES))
        other = MODEL
        for each in parents:
            other = other[each]
        part[key] = other[name]
    else:
        texts = ("", "0", "-1", "3", "5", "1e38", "9999999999", "nan", "gbtree", "dart", "é")
        part[key] = draw(st.sampled_from((*texts, *NUMBERS, [], {}, np.zeros(0, np.int32))))


def checked(answer: dict[str, Any]) -> None:
    assert answer.keys() in ({"refused"}, {"scored"}), answer


@pytest.mark.parametrize("kind", KINDS)
def test_the_samples_score(probe: Probe, kind: str) -> None:
    assert probe.ask(kind, SAMPLES[kind]) == {"scored": True}


@examples(200)
@given(
    st.sampled_from(list(KINDS)).flatmap(
        lambda kind: st.tuples(st.just(kind), damaged(SAMPLES[kind]) | st.binary(max_size=60))
    )
)
def test_damaged_bytes_are_refused_or_score(probe: Probe, drawn: tuple[str, bytes]) -> None:
    checked(probe.ask(*drawn))


@examples(200)
@given(edited())
def test_a_booster_with_other_contents_is_refused_or_scores(probe: Probe, data: bytes) -> None:
    checked(probe.ask("X", data))


@st.composite
def arrays(draw: st.DrawFn, sample: Callable[[], dict[str, Any]]) -> bytes:
    """Draw a network with an array of other numbers, another shape or another type, or of another name."""
    weights = sample()
    name = draw(st.sampled_from(sorted(weights)))
    array = weights[name].copy()
    change: str = draw(st.sampled_from(("number", "shape", "type", "name", "remove")))
    if change == "number":
        array.reshape(-1)[draw(st.integers(0, array.size - 1))] = draw(
            st.sampled_from(FLOATS if array.dtype.kind == "f" else NUMBERS)
        )
    elif change == "shape":
        array = array.reshape(draw(st.sampled_from(((-1,), (1, -1), (-1, 1), (array.size, 1, 1)))))
    elif change == "type":
        array = array.astype(draw(st.sampled_from(("f8", "i8", "U4", "?", ">f4", "M8[s]"))))
    del weights[name]
    if change != "remove":
        weights[draw(st.sampled_from(("x", "../x", ""))) if change == "name" else name] = array
    return to_bytes(weights)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@examples(100)
@given(st.tuples(st.just("A"), arrays(autoencoder)) | st.tuples(st.just("G"), arrays(gru)))
def test_a_network_of_other_arrays_is_refused_or_scores(probe: Probe, drawn: tuple[str, bytes]) -> None:
    checked(probe.ask(*drawn))


MANIFEST = json.loads((ROOT / "models" / "v1" / "manifest.json").read_bytes())
SMALL = MANIFEST | {"features": MANIFEST["features"][:2]}


def inside(name: str) -> st.SearchStrategy[bytes]:
    """Draw a manifest whose first feature or member has odd fields."""
    first = SMALL[name][0]
    marker = json.dumps(SMALL | {name: ["X"]}).encode()
    return rewritten(first, sorted(first)).map(lambda text: marker.replace(b'"X"', text))


@examples(200)
@given(
    st.binary(max_size=100)
    | MANY_DEEP
    | JSON_TEXTS
    | VALUES.map(lambda value: json.dumps(value).encode())
    | rewritten(SMALL, sorted(SMALL))
    | inside("features")
    | inside("members")
    | damaged(json.dumps(SMALL).encode())
)
@example(json.dumps(SMALL | {"metrics": {"auc": float("nan")}}).encode())
def test_any_bytes_give_a_manifest_or_one_complaint(probe: Probe, data: bytes) -> None:
    checked(probe.ask("M", data))
