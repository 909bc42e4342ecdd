"""Manifest of a model version, and the check that a catalogue has the features it was trained with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fraudstream.domain.catalogue import Catalogue

MANIFEST_NAME: Final = "manifest.json"
MODEL_NAME: Final = "model.ubj"
"""File of a version whose manifest has no list of members: XGBoost's trees."""


class ModelError(Exception):
    """A model version can't be used; the message has the reason and the remedy."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFeature(_Facts):
    """One input of the model: its name, and its definition when the model was trained."""

    name: str
    meaning: dict[str, Any]
    usual: float | None = None
    """Median over the honest training transactions; null for a list, and if none of them had a value."""


class ManifestMember(_Facts):
    """One trained model of the version."""

    kind: str
    """A key of `fraudstream.scoring.members.LOADABLE`, which has the loader."""
    file: str = Field(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,63}$")
    """File name in the manifest's folder."""
    weight: float = Field(gt=0, allow_inf_nan=False)
    """Weight of the member's log-odds in the blend, before calibration."""
    parameters: dict[str, Any]
    """Training parameters."""


class ManifestCalibration(_Facts):
    """Linear function that calibrates log-odds: see `fraudstream.scoring.calibration`."""

    slope: float = Field(gt=0, allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)


class Manifest(_Facts):
    """The facts of one trained version, stored in the folder of its models."""

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
    def _one_member(cls, facts: Any) -> Any:  # noqa: ANN401 - any content of the file
        """Accept the format of a single model, which has ``parameters`` instead of ``members``."""
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
            msg = f"the kinds are {', '.join(kinds)}; list each kind once"
            raise ValueError(msg)
        return members

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read a version's manifest; raises `ModelError` if it is missing or broken."""
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
        """Return the positions of the model's inputs in the catalogue's vector, 3n for a ``last_n``.

        Raises `ModelError`, which names each feature that the catalogue lacks or defines differently.
        """
        problems = []
        for feature in self.features:
            if feature.name not in catalogue.names:
                problems.append(f"{feature.name}: not in the catalogue")
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
    """Return the manifest's features: the definition of each input and its baseline, if given by name."""
    known = baselines or {}
    return tuple(
        ManifestFeature(name=name, meaning=catalogue.meaning(name), usual=known.get(name))
        for name in catalogue.names
    )
