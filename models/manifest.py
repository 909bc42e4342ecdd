"""What a model version says of itself, and the check that a catalogue gives it what it was trained on."""

from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fraudstream.catalogue import Catalogue

MANIFEST_NAME: Final = "manifest.json"
MODEL_NAME: Final = "model.ubj"


class ModelError(Exception):
    """A model version that can't be used; the message says what is wrong and the remedy."""


class ManifestFeature(BaseModel):
    """One input of the model: its name, and what it meant when the model was trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    meaning: dict[str, Any]


class Manifest(BaseModel):
    """The facts of one trained version, kept beside the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")
    features: tuple[ManifestFeature, ...] = Field(min_length=1)
    catalogue_version: str
    threshold: float = Field(ge=0, le=1)
    threshold_choice: str
    seed: int
    training_data: dict[str, Any]
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]

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
