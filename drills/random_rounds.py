"""Rounds of two faults at random times, planned by a seed. No clock, no network."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from drills.faults.fault import Fault
from drills.load import Load, ordinary, with_hot_account
from drills.stage import Stage

MAX_DELAY_S: Final = 15.0
BACKENDS: Final = ("hashmap", "rocksdb")
LOADS: Final[Mapping[str, Load]] = {"ordinary": ordinary, "hot_account": with_hot_account}
"""Loads for faults that bring none of their own; that of a hot account has state deep enough for panes."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round: the second fault begins ``delay_s`` after the first one has ended and the job runs again."""

    seed: int
    number: int
    first: Fault
    second: Fault
    delay_s: float
    backend: str
    load: str

    @property
    def name(self) -> str:
        """Name of the round's fault, and suffix of its streams."""
        return f"round_{self.seed}_{self.number}"

    def to_json(self) -> dict[str, Any]:
        """Return the part of the round's line in the file of results that the seed determines."""
        return {
            "seed": self.seed,
            "round": self.number,
            "faults": [self.first.name, self.second.name],
            "delay_s": self.delay_s,
            "state_backend": self.backend,
            "load": self.load,
        }

    def fault(self) -> Fault:
        """Return both faults as one."""
        both = (self.first, self.second)
        own = [each.load for each in both if each.load is not ordinary]
        return Fault(
            name=self.name,
            description=f"{self.first.name}, then {self.second.name}",
            strike=self._strike(),
            load=own[0] if own else LOADS[self.load],
            options=("--state-backend", self.backend, *self.first.options, *self.second.options),
            pace=min(each.pace for each in both),
            has_consumer=any(each.has_consumer for each in both),
            may_repeat=any(each.may_repeat for each in both),
        )

    def _strike(self) -> Callable[[Stage], None]:
        def strike(stage: Stage) -> None:
            self.first.strike(stage)
            stage.job.wait_until_running()
            stage.pause(self.delay_s)
            self.second.strike(stage)

        return strike


def planned(seed: int, number: int, faults: Mapping[str, Fault]) -> Round:
    """Return a round; the same seed, number and faults always give the same one."""
    rng = random.Random(f"{seed}/{number}")
    usable = sorted(name for name, fault in faults.items() if _can_be_paired(fault))
    first = faults[rng.choice(usable)]
    second = faults[rng.choice([name for name in usable if _fit(first, faults[name])])]
    own = [each.name for each in (first, second) if each.load is not ordinary]
    return Round(
        seed=seed,
        number=number,
        first=first,
        second=second,
        delay_s=round(rng.uniform(0, MAX_DELAY_S), 1),
        backend=rng.choice(BACKENDS),
        load=own[0] if own else rng.choice(sorted(LOADS)),
    )


def _can_be_paired(fault: Fault) -> bool:
    """Whether a fault can be one of two: it needs no special start, and does not take the whole load."""
    return fault.awaits_checkpoint and not fault.may_lose and fault.pairs


def _fit(first: Fault, second: Fault) -> bool:
    """Whether two faults can be injected into one job.

    Their options and loads do not contradict, and they do not stop the same consumer.
    """
    loads = {each.load for each in (first, second)} - {ordinary}
    names = [option for each in (first, second) for option in each.options if option.startswith("--")]
    has_one_consumer = not (first.has_consumer and second.has_consumer)
    return first is not second and len(loads) <= 1 and len(names) == len(set(names)) and has_one_consumer
