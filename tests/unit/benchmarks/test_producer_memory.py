"""The memory of a producer, from its own process."""

import pytest

from benchmarks.producer_memory import ACCOUNTS, MIB, ProducerMemory, main, produce


def test_a_line_has_both_figures_and_their_ratio() -> None:
    line = ProducerMemory(2_000, 100 * MIB, 110 * MIB).line()
    assert line == "   2,000 accounts   100.0 MiB after a quarter,  110.0 MiB at the end (x 1.10)"


def test_the_memory_is_read_after_a_quarter_and_at_the_end() -> None:
    readings = iter([100, 110])
    assert produce(200, 400, lambda: next(readings)) == ProducerMemory(200, 100, 110)
    assert not list(readings)


def test_the_command_measures_several_numbers_of_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["8"], lambda accounts, transactions: ProducerMemory(accounts, transactions, transactions))
    assert capsys.readouterr().out.splitlines() == [ProducerMemory(n, 8, 8).line() for n in ACCOUNTS]


def test_a_child_prints_two_numbers_of_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["400", "200"])
    quarter, end = map(int, capsys.readouterr().out.split())
    assert 10 * MIB < quarter <= end * 1.5
