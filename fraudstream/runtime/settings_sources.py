"""Settings sources besides the command line: environment, ``.env`` and Managed Flink's properties file."""

import difflib
import json
import os
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

NESTED: Final = "__"
"""Delimiter between a setting and its nested field in an environment variable."""
LOOKS_ALIKE: Final = 0.85
"""Similarity (difflib's ratio) from which an unknown name is considered a misspelt setting."""
MANAGED_FLINK_PROPERTIES: Final = Path("/etc/flink/application_properties.json")
"""File in which Managed Flink provides the runtime properties of an application."""
PROPERTY_GROUP: Final = "fraudstream"
"""The runtime property group that is read; its keys are the names of the settings."""
ENV_FILE_VARIABLE: Final = "FRAUDSTREAM_ENV_FILE"
ENV_FILE: Final = Path(os.environ.get(ENV_FILE_VARIABLE, ".env"))
"""Settings file: ``.env`` in the current folder, or the file that the variable names."""


class SettingsError(Exception):
    """Invalid settings; the message has a line for each: field, value, remedy."""


class EnvironmentSource(EnvSettingsSource):
    """The environment. Variables of other programs are ignored, unknown names with the prefix are errors.

    ``others`` are names that have the prefix but are not settings; they are ignored. If other programs share
    the prefix (``is_prefix_shared``), an unknown name is an error only if it looks like a misspelt setting.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        *,
        others: frozenset[str] = frozenset(),
        is_prefix_shared: bool = False,
        **options: Any,  # noqa: ANN401 - those of the other base class of `DotEnvSource`
    ) -> None:
        super().__init__(settings_cls, **options)
        self._others = others
        self._is_prefix_shared = is_prefix_shared

    def __call__(self) -> dict[str, Any]:
        """Return the settings found, and unknown names without a value: pydantic rejects them as extra."""
        prefix = self.settings_cls.model_config["env_prefix"]
        names = {name.upper() for name in self.env_vars if name.upper().startswith(prefix)} - self._others
        fields = {name: name.removeprefix(prefix).lower() for name in names}
        unknown = {name: None for name, field in fields.items() if self._is_mistake(field)}
        return super().__call__() | unknown

    def _is_mistake(self, field: str) -> bool:
        if _is_setting(self.settings_cls, field):
            return False
        similar = difflib.get_close_matches(field, self.settings_cls.model_fields, 1, LOOKS_ALIKE)
        return bool(similar) or not self._is_prefix_shared


class DotEnvSource(EnvironmentSource, DotEnvSettingsSource):
    """Like `EnvironmentSource`, for ``.env``, which also holds AWS credentials and unrelated variables."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        env_file: Path | None,
        *,
        others: frozenset[str] = frozenset(),
        is_prefix_shared: bool = False,
    ) -> None:
        super().__init__(
            settings_cls,
            others=others,
            is_prefix_shared=is_prefix_shared,
            env_file=env_file,
            dotenv_filtering="only_existing",
        )


def _is_setting(settings_cls: type[BaseSettings], name: str) -> bool:
    field_name, delimiter, _ = name.partition(NESTED)
    field = settings_cls.model_fields.get(field_name)
    return field is not None and (not delimiter or isinstance(field.default, BaseModel))


class ManagedFlinkSource(PydanticBaseSettingsSource):
    """The property group `PROPERTY_GROUP` of Managed Flink's file; empty if there is no such file."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self._path = path

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401 - pydantic's signature
        """Return one setting's value and name, as pydantic's interface requires."""
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings found; raises `SettingsError` if the file is not a list of property groups."""
        if not self._path.is_file():
            return {}
        properties: dict[str, Any] = {}
        try:
            for group in json.loads(self._path.read_text()):
                if group["PropertyGroupId"] == PROPERTY_GROUP:
                    for key, value in group["PropertyMap"].items():
                        _set_nested(properties, key.split("."), value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{self._path} is not a list of property groups: {error!r}; use Managed Flink's own file"
            raise SettingsError(msg) from None
        return properties


def _set_nested(target: dict[str, Any], path: list[str], value: object) -> None:
    *parents, last = path
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value
