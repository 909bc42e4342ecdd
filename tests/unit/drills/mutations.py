"""Generator of mutations: another value for each field of a record, by kind of change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from drills.live_job import WrittenRecord

Content = Mapping[str, Any]
Path = tuple[str | int, ...]
MISSING: Final = object()


def _drop(_: object, __: object) -> object:
    return MISSING


def _null(_: object, __: object) -> object:
    return None


def _empty(value: object, _: object) -> object:
    return type(value)() if isinstance(value, str | list | dict) else value


def _change(value: object, _: object) -> object:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value[:-1]}{'0' if value[-1:] != '0' else '1'}"
        case list():
            return [*value, "one more"]
        case dict():
            return value | {"one_more": 1}
        case _:
            return "something"


def _wrong_type(value: object, _: object) -> object:
    match value:
        case bool():
            return int(value)
        case int() | float():
            return str(value)
        case str() | None:
            return 7
        case list():
            return {str(n): each for n, each in enumerate(value)}
        case _:
            return [value]


def _swap(_: object, other: object) -> object:
    return other


def _reorder(value: object, _: object) -> object:
    if isinstance(value, list):
        return value[::-1]
    if isinstance(value, dict) and len(value) > 1:
        return dict(reversed(value.items()))
    return value


def _duplicate(value: object, _: object) -> object:
    if isinstance(value, list) and value:
        return [*value, value[-1]]
    return value + value if isinstance(value, str) else value


KINDS: Final[dict[str, Callable[[object, object], object]]] = {
    "drop": _drop,
    "null": _null,
    "empty": _empty,
    "change": _change,
    "wrong type": _wrong_type,
    "swap": _swap,
    "reorder": _reorder,
    "duplicate": _duplicate,
}


class Mutation(NamedTuple):
    """One field of one record with another value."""

    path: Path
    place: int
    content: Content


def paths(value: object, above: Path = ()) -> Iterator[Path]:
    """Yield the path of each field, and of those of objects and of the first object of lists below it."""
    inside: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        inside = list(value.items())
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        inside = [(0, value[0])]
    for name, below in inside:
        yield (*above, name)
        yield from paths(below, (*above, name))


def at(content: object, path: Path) -> object:
    """Return the value of a field; `MISSING` if the record does not have it."""
    for step in path:
        try:
            content = content[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return content


def with_value(content: Any, path: Path, value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of the record with another value of a field."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(content, list):
        changed = [with_value(each, rest, value) if n == first else each for n, each in enumerate(content)]
        return [each for each in changed if each is not MISSING]
    changed_fields = {
        name: with_value(each, rest, value) if name == first else each for name, each in content.items()
    }
    return {name: each for name, each in changed_fields.items() if each is not MISSING}


def is_same(one: object, other: object) -> bool:
    """Whether two values are the same JSON; the order of fields counts only among all features."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict) and "weekend_flag" in one:
        return list(one.items()) == list(other.items())
    return one == other


def mutations_of(found: Sequence[tuple[int, WrittenRecord]], kind: str) -> Iterator[Mutation]:
    """Yield a mutation of each field for which the kind changes something in one of the records.

    ``found`` are the records of one class with their places in the stream.
    """
    for path in dict.fromkeys(path for _, record in found for path in paths(record.content)):
        for (place, record), (_, other) in zip(found, [*found[1:], found[0]], strict=True):
            value = at(record.content, path)
            if value is MISSING:
                continue
            mutated = KINDS[kind](value, at(other.content, path))
            if not is_same(value, mutated) and not (kind == "swap" and mutated is MISSING):
                yield Mutation(path, place, with_value(record.content, path, mutated))
                break
