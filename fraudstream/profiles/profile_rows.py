"""Rows of a profile store: histories of entities, and how far the job has written them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class ProfileKey(NamedTuple):
    """The entity, by its id field such as ``account_id``, and the id of a profile."""

    entity: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """A profile, as the kernel's ``ProfileRow`` has it: see there for which row replaces which."""

    key: ProfileKey
    epoch_ms: int
    """The start of the job without saved state that the history begins with."""
    ordinal: int
    """The sequence number of the newest transaction within the entity, from 1."""
    updated_ms: int
    """When the job last changed the history, by its own clock."""
    expires_ms: int
    """When the job's state of this history expires; a reader ignores the row from then on."""
    profile: bytes
    """The history in the format of the kernel's ``ProfileFormat``."""

    def replaces(self, stored: "ProfileRow", now_ms: int) -> bool:
        """Whether this row replaces a stored one of the same key."""
        is_newer = (self.epoch_ms, self.ordinal) >= (stored.epoch_ms, stored.ordinal)
        return is_newer or stored.expires_ms <= now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileProgress:
    """How far one task of the job has written the profiles of an entity."""

    entity: str
    task: int
    """The index of the task, below ``tasks``, the number of tasks of the entity's step."""
    tasks: int
    epoch_ms: int
    written_until_ms: int
    """Every change until then is in the store, by the job's clock."""


def written_until_ms(progress: Iterable[ProfileProgress], entity: str) -> int | None:
    """Return the time until which every change of an entity's profiles is in the store.

    Counts the tasks of the newest epoch. None if one of them has not reported yet, or none has.
    """
    found = [each for each in progress if each.entity == entity]
    if not found:
        return None
    newest = max(found, key=lambda each: (each.epoch_ms, each.written_until_ms))
    tasks = {
        each.task: each.written_until_ms
        for each in found
        if each.epoch_ms == newest.epoch_ms and each.tasks == newest.tasks
    }
    return min(tasks.values()) if len(tasks) == newest.tasks else None
