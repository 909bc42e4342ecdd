"""Base class for settings: typed, validated at startup, printable without secrets.

A program declares its settings as a subclass and passes their sources to `SettingsBase.read`, highest
precedence first. AWS credentials are not settings: see `fraudstream.runtime.aws_credentials`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Final, Self, cast, get_args

from pydantic import BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as UnreadableSource

from fraudstream.domain.duration import format_duration, parse_duration_ms
from fraudstream.runtime.settings_sources import SettingsError

Sources = tuple[PydanticBaseSettingsSource, ...]
"""Sources of values, highest precedence first."""
HIDDEN: Final = "**********"
"""Replaces the value of a secret in messages."""


def _duration(value: object) -> object:
    if isinstance(value, str):
        try:
            return timedelta(milliseconds=parse_duration_ms(value))
        except OverflowError:
            msg = f"it is longer than {timedelta.max.days} days; write a shorter one"
            raise ValueError(msg) from None
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A time span, written like 30s, 5m, 24h or 7d."""


@contextmanager
def path_errors_reported() -> Iterator[None]:
    """Raise `ValueError` for a path that can't be looked up, for validators: pydantic expects no other.

    Such a path is too long, leads through a folder that this user may not enter, or links in a circle.
    """
    try:
        yield
    except OSError as error:
        msg = (
            f"the path can't be looked up ({error.strerror}); give the path of a file that this user can read"
        )
        raise ValueError(msg) from None
    except RuntimeError:
        msg = "the path is a link that leads to itself; give the path of a file"
        raise ValueError(msg) from None


class SettingsBase(BaseSettings):
    """Settings that are read at startup and never change; subclasses declare the fields."""

    @classmethod
    def read(
        cls,
        sources: Callable[[type[BaseSettings], PydanticBaseSettingsSource], Sources],
        **overrides: object,
    ) -> Self:
        """Read the settings from ``sources``, which is called with the class and the source of ``overrides``.

        Raises `SettingsError` with a line for each invalid setting.
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
        except (UnreadableSource, RecursionError) as error:
            msg = f"{error}; set each nested value by its own name, like FRAUDSTREAM_EMULATOR__ENABLED"
            raise SettingsError(msg) from None
        return cast("Self", cls.model_construct(values.model_fields_set, **dict(values)))

    @classmethod
    def explain(cls, problem: Any) -> str:  # noqa: ANN401 - pydantic's error is a loose dictionary
        """Return a line with the name of an invalid setting, its value, the reason and its meaning.

        ``problem`` is one of the errors of pydantic's ``ValidationError``. The value of a secret is hidden.
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
        shown = HIDDEN if cls._is_secret(field) else repr(value)
        return f"{cls.shown_name(field)}: {shown} can't be used: {message}{meaning}"

    @classmethod
    def _is_secret(cls, field: str) -> bool:
        """Whether a value must not be shown: by the field's type, and by the name of an unknown one."""
        known = cls.model_fields.get(field)
        return "secret" in field or (
            known is not None and SecretStr in (known.annotation, *get_args(known.annotation))
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the message for a name that is not a setting; subclasses say where settings are listed."""
        return f"{name}: unknown setting; see --help for the list"

    @classmethod
    def shown_name(cls, field: str) -> str:
        """Return the name of a setting in messages."""
        return field

    def table(self) -> list[tuple[str, str]]:
        """Return each setting and its value as text; secrets are shown as asterisks."""
        return [(name, str(getattr(self, name))) for name in type(self).model_fields]
