"""Alerts name a model by its contents, as two models may have the same version name."""

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.manifest import Manifest
from fraudstream.scoring.model_digest import model_digest
from fraudstream.scoring.scorer import Scorer

FOLDER = ROOT / "models" / "v1"
MANIFEST = Manifest.load(FOLDER)
FILES = {member.file: (FOLDER / member.file).read_bytes() for member in MANIFEST.members}


def test_the_digest_is_64_hexadecimal_digits_and_the_same_each_time() -> None:
    digest = model_digest(MANIFEST, FILES)
    assert len(bytes.fromhex(digest)) == 32
    assert model_digest(Manifest.load(FOLDER), dict(FILES)) == digest


def test_any_other_content_has_another_digest() -> None:
    (name,) = FILES
    digests = {
        model_digest(MANIFEST, FILES),
        model_digest(MANIFEST, {name: FILES[name] + b"\0"}),
        model_digest(MANIFEST, {"other": FILES[name]}),
        model_digest(MANIFEST.model_copy(update={"threshold": 0.123}), FILES),
        model_digest(MANIFEST.model_copy(update={"version": "v2"}), FILES),
    }
    assert len(digests) == 5


def test_the_scorer_and_the_alerts_of_a_version_name_its_digest() -> None:
    scorer = Scorer.load(FOLDER, BUILT_IN)
    assert scorer.digest == model_digest(MANIFEST, FILES)
    assert Decider(scorer, BUILT_IN).judge.model_digest == scorer.digest
