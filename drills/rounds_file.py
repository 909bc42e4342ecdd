"""The file of random rounds: one line for each, appended when it ends, so that a series can be resumed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from drills.drill_suite import DrillResults
from drills.faults.fault import Fault
from drills.random_rounds import Round, planned
from fraudstream.runtime.project_root import ROOT

FILE: Final = ROOT / "docs" / "drill-rounds.jsonl"
MAX_COMPLAINTS: Final = 5


def left(path: Path, seed: int, rounds: int, faults: Mapping[str, Fault]) -> list[Round]:
    """Return the first ``rounds`` rounds of a seed without those that the file has."""
    lines = map(orjson.loads, path.read_bytes().splitlines()) if path.exists() else ()
    done = {(line["seed"], line["round"]) for line in lines}
    return [planned(seed, number, faults) for number in range(rounds) if (seed, number) not in done]


def append_new(path: Path, waiting: list[Round], results: DrillResults) -> None:
    """Append the rounds of ``waiting`` that have results, and remove them from it."""
    verdicts = {each.name: each for each in results.verdicts}
    for played in [each for each in waiting if each.name in verdicts or each.name in results.failures]:
        waiting.remove(played)
        line: dict[str, Any] = played.to_json()
        if played.name in verdicts:
            verdict = verdicts[played.name]
            line |= {"survived": verdict.is_survived, **verdict.to_json()}
            line["complaints"] = list(verdict.complaints[:MAX_COMPLAINTS])
        else:
            line |= {"survived": False, "failure": results.failures[played.name]}
        with path.open("ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
