"""The base class of every program's settings: typed, validated at start, printable without secrets.

A program declares its settings as a subclass, and says in `sources` where their values come from, the
strongest source first. Credentials of AWS are not settings: `fraudstream.runtime.aws_credentials`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Self, cast

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as UnreadableSource

from fraudstream.domain.duration import format_duration, parse_duration_ms
from fraudstream.runtime.settings_sources import SettingsError

Sources = tuple[PydanticBaseSettingsSource, ...]
"""Where values come from, the strongest first."""
HIDDEN: Final = "**********"
"""Stands for the value of a secret in a message."""


def _duration(value: object) -> object:
    if isinstance(value, str):
        return timedelta(milliseconds=parse_duration_ms(value))
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A time span, written like 30s, 5m, 24h or 7d."""


class SettingsBase(BaseSettings):
    """Settings that are read at start and never change; a subclass names them."""

    @classmethod
    def read(
        cls,
        sources: Callable[[type[BaseSettings], PydanticBaseSettingsSource], Sources],
        **overrides: object,
    ) -> Self:
        """Read the settings from ``sources``, called with the class and the source of ``overrides``.

        Raises `SettingsError` with a line for each setting that can't be used.
        """

        class FromSources(cls):  # type: ignore[misc, valid-type]
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                **_unused: PydanticBaseSettingsSource,
            ) -> Sources:
                return sources(settings_cls, init_settings)

        try:
            values = FromSources(**overrides)
        except ValidationError as error:
            raise SettingsError("\n".join(cls.explain(problem) for problem in error.errors())) from None
        except UnreadableSource as error:
            msg = f"{error}; give each part by a name of its own"
            raise SettingsError(msg) from None
        return cast("Self", cls.model_construct(values.model_fields_set, **dict(values)))

    @classmethod
    def explain(cls, problem: Any) -> str:  # noqa: ANN401 - pydantic's error is a loose dictionary
        """Return a line that says which setting can't be used, its value, why, and what it means.

        ``problem`` is one of the errors of pydantic's ``ValidationError``; the value of a secret is hidden.
        """
        name = ".".join(str(part) for part in problem["loc"])
        field = name.lower()
        if problem["type"] == "extra_forbidden":
            return cls.unknown(name)
        message = str(problem["msg"]).removeprefix("Value error, ")
        if not field:
            return message
        description = cls.model_fields[field].description if field in cls.model_fields else None
        meaning = f" ({description})" if description else ""
        value = problem["input"]
        if isinstance(value, timedelta):
            value = format_duration(round(value / timedelta(milliseconds=1)))
        shown = HIDDEN if "secret" in field else repr(value)
        return f"{cls.shown_name(field)}: {shown} can't be used: {message}{meaning}"

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the message for a name that is no setting; a subclass says where they are listed."""
        return f"{name}: there is no such setting; see --help for those that there are"

    @classmethod
    def shown_name(cls, field: str) -> str:
        """Return what messages call a setting."""
        return field

    def table(self) -> list[tuple[str, str]]:
        """Return each setting and its value as text; a secret is a row of asterisks."""
        return [(name, str(getattr(self, name))) for name in type(self).model_fields]
