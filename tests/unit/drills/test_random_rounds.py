"""Random pairs of faults: planned by a seed, appended to a file, resumed from it."""

from dataclasses import replace
from pathlib import Path

import orjson

from drills.drill_suite import DrillResults
from drills.faults import FAULTS
from drills.load import ordinary
from drills.random_rounds import BACKENDS, planned
from drills.rounds_file import append_new, left
from drills.verdict import Verdict

GOOD = Verdict(name="", sent=600, lost=0, wrong=0, alerts_doubled=1, alerts_with_new_id=0, recovery_s=2.0)
MANY = [planned(7, number, FAULTS) for number in range(200)]


def test_the_same_seed_and_number_give_the_same_round() -> None:
    assert planned(3, 5, FAULTS) == planned(3, 5, FAULTS)
    assert planned(3, 5, FAULTS) != planned(3, 6, FAULTS)
    assert planned(3, 5, FAULTS) != planned(4, 5, FAULTS)


def test_rounds_reach_every_fault_that_can_be_paired_and_both_backends() -> None:
    paired = {each.name for round_ in MANY for each in (round_.first, round_.second)}
    assert paired == {name for name, fault in FAULTS.items() if fault.pairs and fault.awaits_checkpoint}
    assert {each.backend for each in MANY} == set(BACKENDS)
    assert all(each.first is not each.second for each in MANY)


def test_a_pair_has_the_options_and_the_needs_of_both() -> None:
    for each in MANY:
        fault, both = each.fault(), (each.first, each.second)
        assert fault.may_repeat == any(one.may_repeat for one in both)
        assert fault.has_consumer == any(one.has_consumer for one in both)
        assert not all(one.has_consumer for one in both)
        assert fault.pace == min(one.pace for one in both)
        options = [option for option in fault.options if option.startswith("--")]
        assert len(options) == len(set(options))
        assert {option for one in both for option in one.options} <= set(fault.options)
        loads = {one.load for one in both} - {ordinary}
        assert not loads or fault.load in loads


def test_results_are_appended_and_a_series_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "rounds.jsonl"
    waiting = left(path, 7, 3, FAULTS)
    assert [each.number for each in waiting] == [0, 1, 2]
    results = DrillResults([replace(GOOD, name=waiting[0].name)], {waiting[2].name: "no cluster"})
    append_new(path, waiting, results)
    append_new(path, waiting, results)
    assert [each.number for each in waiting] == [1]
    assert left(path, 7, 3, FAULTS) == waiting
    assert [each.number for each in left(path, 8, 3, FAULTS)] == [0, 1, 2]
    first, failed = map(orjson.loads, path.read_bytes().splitlines())
    assert (first["seed"], first["round"], first["survived"], first["lost"]) == (7, 0, True, 0)
    assert first["faults"] == [MANY[0].first.name, MANY[0].second.name]
    assert (failed["round"], failed["survived"], failed["failure"]) == (2, False, "no cluster")


def test_a_round_that_was_not_survived_names_its_complaints(tmp_path: Path) -> None:
    path = tmp_path / "rounds.jsonl"
    waiting = left(path, 7, 1, FAULTS)
    bad = replace(GOOD, name=waiting[0].name, wrong=9, complaints=[f"complaint {n}" for n in range(9)])
    append_new(path, waiting, DrillResults([bad]))
    line = orjson.loads(path.read_bytes())
    assert line["survived"] is False
    assert line["complaints"] == [f"complaint {n}" for n in range(5)]
