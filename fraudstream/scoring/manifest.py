"""Manifest of a model version: its digests, its files, and the check that a catalogue has its features."""

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fraudstream.domain.catalogue import Catalogue

MANIFEST_NAME: Final = "manifest.json"
MODEL_NAME: Final = "model.ubj"
"""File of a version whose manifest has no list of members: XGBoost's trees."""
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""Largest file that is read; the model travels inside the job, whose graph is kept in memory."""


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
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """Digest of the file; null in the manifests of older versions, which are not scored with."""
    weight: float = Field(gt=0, allow_inf_nan=False)
    """Weight of the member's log-odds in the blend, before calibration."""
    parameters: dict[str, Any]
    """Training parameters."""

    def check(self, data: bytes) -> None:
        """Raise `ModelError` unless ``data`` is the file that was trained, by its digest."""
        if self.sha256 is None:
            msg = (
                f"model: the manifest has no SHA-256 of {self.file}, so the file can't be verified; if you "
                "trust it, run `fraudstream models digest FOLDER --write`"
            )
            raise ModelError(msg)
        found = sha256(data)
        if found != self.sha256:
            msg = (
                f"model: {self.file} has the SHA-256 {found}, and the manifest has {self.sha256}: the file "
                "was changed after the training; restore it, or train the version again with `make train`"
            )
            raise ModelError(msg)


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
        data = read_model_file(folder, MANIFEST_NAME)
        try:
            found = cls.model_validate_json(data)
        except ValidationError as error:
            msg = f"model: {folder / MANIFEST_NAME} is not a manifest: {error}"
            raise ModelError(msg) from None
        try:
            # JSON has no such numbers: written again, they would be null, and the digest would be another.
            json.dumps(found.model_dump(), allow_nan=False)
        except ValueError:
            path = folder / MANIFEST_NAME
            msg = f"model: {path} has a number that is NaN or infinite; write null in its place"
            raise ModelError(msg) from None
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest's facts in 64 hexadecimal digits: identifies the version with its members.

        It covers the members by their own digests. It does not depend on the layout of the file. Fields that
        the file leaves out are left out, so that a later release, which may know more, gives the same digest.
        """
        facts = self.model_dump(mode="json", exclude_unset=True)
        return sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode())

    def to_text(self) -> str:
        """Return the content of the manifest's file."""
        return self.model_dump_json(indent=2, exclude_unset=True) + "\n"

    def with_digests(self, files: Mapping[str, bytes]) -> "Manifest":
        """Return a copy with the digests of the members whose contents are given, by file name."""
        digests = {name: {"sha256": sha256(data)} for name, data in files.items()}
        members = (member.model_copy(update=digests.get(member.file)) for member in self.members)
        return self.model_copy(update={"members": tuple(members)})

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


def sha256(data: bytes) -> str:
    """Return the digest in 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_model_file(folder: Path, name: str) -> bytes:
    """Return the content of a file of a version's folder.

    Raises `ModelError` if it is missing, too large, not a regular file, or a link out of the folder.
    """
    path = folder / name
    try:
        target = path.resolve(strict=True)
        _check_target(path, target, folder.resolve())
        return target.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        msg = f"model: {path} does not exist; give the folder of a trained version, or run `make train`"
        raise ModelError(msg) from None
    except (OSError, RuntimeError) as error:
        # Links in a circle are a RuntimeError.
        msg = f"model: {path} can't be read ({error}); check its permissions"
        raise ModelError(msg) from None


def _check_target(path: Path, target: Path, folder: Path) -> None:
    if not target.is_relative_to(folder):
        msg = f"model: {path} is a link to {target}, out of the version's folder; copy the file there"
        raise ModelError(msg)
    found = target.stat()
    if not stat.S_ISREG(found.st_mode):
        msg = f"model: {path} is not a regular file; give the folder of a trained version"
        raise ModelError(msg)
    if found.st_size > MAX_FILE_BYTES:
        msg = f"model: {path} has {found.st_size:,} bytes, more than {MAX_FILE_BYTES:,}; train fewer trees"
        raise ModelError(msg)


def manifest_features(
    catalogue: Catalogue, baselines: Mapping[str, float | None] | None = None
) -> tuple[ManifestFeature, ...]:
    """Return the manifest's features: the definition of each input and its baseline, if given by name."""
    known = baselines or {}
    return tuple(
        ManifestFeature(name=name, meaning=catalogue.meaning(name), usual=known.get(name))
        for name in catalogue.names
    )
