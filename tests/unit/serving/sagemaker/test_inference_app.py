"""The application of the SageMaker container over the shipped model, and its model archive."""

import asyncio
import hashlib
import tarfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from serving.sagemaker.inference_app import inference_app
from serving.sagemaker.model_archive import write_model_archive

MODEL = ROOT / "models" / "v1"
WIDTH = BUILT_IN.width


class Container:
    """The application, asked in this process."""

    def __init__(self, scorer: Scorer) -> None:
        self._app = inference_app(scorer, WIDTH)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Return the answer to a request."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://container") as client:
                return await client.request(method, path, **request)

        return asyncio.run(answer())


@pytest.fixture(scope="module", name="scorer")
def fixture_scorer() -> Scorer:
    return Scorer.load(MODEL, BUILT_IN)


@pytest.fixture(scope="module", name="client")
def fixture_client(scorer: Scorer) -> Container:
    return Container(scorer)


def test_a_ping_has_an_empty_answer(client: Container) -> None:
    answer = client.ask("GET", "/ping")
    assert (answer.status_code, answer.content) == (200, b"")


def test_vectors_in_either_format_have_the_models_scores(client: Container, scorer: Scorer) -> None:
    vectors = np.random.default_rng(7).uniform(0, 1e6, (3, WIDTH)).round(3)
    vectors[1, 4] = np.nan
    wanted = scorer.score(vectors).tolist()
    rows = [[None if np.isnan(value) else value for value in row] for row in vectors.tolist()]
    in_json = client.ask("POST", "/invocations", json={"instances": rows}).json()
    assert [each["score"] for each in in_json["predictions"]] == wanted
    assert in_json["model_version"] == "v1"
    lines = "".join(",".join("" if value is None else repr(value) for value in row) + "\n" for row in rows)
    in_csv = client.ask("POST", "/invocations", content=lines, headers={"Content-Type": "text/csv"})
    assert [float(line) for line in in_csv.text.splitlines()] == wanted
    assert in_csv.headers["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("media_type", "body", "status", "says"),
    [
        ("text/plain", "1", 415, "send the vectors with Content-Type: text/csv"),
        ("text/csv", "", 422, "the body has 0 vectors: send 1 to 10,000"),
        ("text/csv", "1,2\n", 422, f"vector 0 has 2 values: give {WIDTH}"),
        ("text/csv", "\xff", 422, "vector 0 has 1 values"),
        ("text/csv", ",".join(["1"] * (WIDTH - 1) + ["x"]), 422, f"value {WIDTH - 1} of vector 0 is 'x'"),
        ("text/csv", ",".join(["1"] * (WIDTH - 1) + ["inf"]), 422, "give a finite number, or none"),
        ("application/json", "{", 422, "the body is not JSON"),
        ("application/json", "[]", 422, 'no list "instances"'),
        ("application/json", '{"instances": [7]}', 422, "vector 0 has no values"),
        ("application/json", '{"instances": []}', 422, "the body has 0 vectors"),
    ],
)
def test_a_body_without_vectors_is_refused_with_the_remedy(
    client: Container, media_type: str, body: str, status: int, says: str
) -> None:
    answer = client.ask("POST", "/invocations", content=body.encode(), headers={"Content-Type": media_type})
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_the_archive_has_the_version_and_always_the_same_bytes(tmp_path: Path) -> None:
    archives = [tmp_path / "a" / "model.tar.gz", tmp_path / "b.tar.gz"]
    for archive in archives:
        write_model_archive(MODEL, archive)
    first, second = (hashlib.sha256(archive.read_bytes()).hexdigest() for archive in archives)
    assert first == second
    with tarfile.open(archives[0]) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    assert (
        Scorer.load(tmp_path / "unpacked", BUILT_IN).manifest.digest
        == Scorer.load(MODEL, BUILT_IN).manifest.digest
    )


def test_a_damaged_version_has_no_archive(tmp_path: Path) -> None:
    model = tmp_path / "v1"
    model.mkdir()
    (model / "manifest.json").write_bytes((MODEL / "manifest.json").read_bytes())
    (model / "xgboost.ubj").write_bytes(b"damaged")
    with pytest.raises(ModelError):
        write_model_archive(model, tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()
