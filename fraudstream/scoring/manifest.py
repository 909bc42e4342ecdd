"""The manifest of a model version, and the check that a catalogue has the features of its training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fraudstream.domain.catalogue import Catalogue

MANIFEST_NAME: Final = "manifest.json"
MODEL_NAME: Final = "model.ubj"
"""The one file of a version without a list of members: XGBoost's trees."""


class ModelError(Exception):
    """A model version that can't be used; the message says what is wrong and the remedy."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFeature(_Facts):
    """One input of the model: its name, and what it meant when the model was trained."""

    name: str
    meaning: dict[str, Any]
    usual: float | None = None
    """The median of the honest transactions of training; null for a list, and where none had a value."""


class ManifestMember(_Facts):
    """One trained model of the version."""

    kind: str
    """A name in `fraudstream.scoring.members.LOADABLE`, which says how to load it."""
    file: str = Field(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,63}$")
    """Beside the manifest."""
    weight: float = Field(gt=0, allow_inf_nan=False)
    """Of its log-odds in the sum that is the score, before calibration."""
    parameters: dict[str, Any]
    """Of its training."""


class ManifestCalibration(_Facts):
    """The line by which log-odds become those of a probability: `fraudstream.scoring.calibration`."""

    slope: float = Field(gt=0, allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)


class Manifest(_Facts):
    """The facts of one trained version, kept beside the model."""

    version: str = Field(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")
    features: tuple[ManifestFeature, ...] = Field(min_length=1)
    catalogue_version: str
    members: tuple[ManifestMember, ...] = Field(min_length=1)
    bias: float = Field(0.0, allow_inf_nan=False)
    """Added to the weighted sum of the members' log-odds."""
    calibration: ManifestCalibration = ManifestCalibration(slope=1.0, intercept=0.0)
    threshold: float = Field(ge=0, le=1)
    threshold_choice: str
    seed: int
    training_data: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _one_member(cls, facts: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        """Read a version of one model: it has ``parameters`` and no members."""
        if not isinstance(facts, dict) or "members" in facts or "parameters" not in facts:
            return facts
        others = {name: value for name, value in facts.items() if name != "parameters"}
        trees = {"kind": "xgboost", "file": MODEL_NAME, "weight": 1.0, "parameters": facts["parameters"]}
        return {**others, "members": [trees]}

    @field_validator("members")
    @classmethod
    def _each_kind_once(cls, members: tuple[ManifestMember, ...]) -> tuple[ManifestMember, ...]:
        kinds = [member.kind for member in members]
        if len(set(kinds)) < len(kinds):
            msg = f"the kinds are {', '.join(kinds)}; give each once"
            raise ValueError(msg)
        return members

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read a version's manifest; raises `ModelError` if there is none or it is broken."""
        path = folder / MANIFEST_NAME
        if not path.is_file():
            msg = f"model: {path} does not exist; give the folder of a trained version, or run `make train`"
            raise ModelError(msg)
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            msg = f"model: {path} is not a manifest: {error}"
            raise ModelError(msg) from None

    def columns_in(self, catalogue: Catalogue) -> tuple[int, ...]:
        """Return where the inputs of the model stand in the catalogue's vector, 3n places for a ``last_n``.

        Raises `ModelError` naming each feature that the catalogue lacks or means otherwise.
        """
        problems = []
        for feature in self.features:
            if feature.name not in catalogue.names:
                problems.append(f"{feature.name}: the catalogue has no such feature")
            elif catalogue.meaning(feature.name) != feature.meaning:
                problems.append(
                    f"{feature.name}: trained as {feature.meaning}, the catalogue has "
                    f"{catalogue.meaning(feature.name)}"
                )
        if problems:
            listed = "\n  ".join(problems)
            msg = (
                f"model {self.version} does not fit the catalogue; use the catalogue that it was trained "
                f"with, or train it again with `make train`:\n  {listed}"
            )
            raise ModelError(msg)
        places = range(catalogue.width)
        return tuple(place for feature in self.features for place in places[catalogue.slices[feature.name]])


def manifest_features(
    catalogue: Catalogue, baselines: Mapping[str, float | None] | None = None
) -> tuple[ManifestFeature, ...]:
    """Return the list that pins a model to the meaning of each of its inputs, with baselines by name."""
    known = baselines or {}
    return tuple(
        ManifestFeature(name=name, meaning=catalogue.meaning(name), usual=known.get(name))
        for name in catalogue.names
    )
