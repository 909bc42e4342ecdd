"""The memory of the transaction API, from measurements of its process."""

import pytest

from benchmarks.api_memory import ACCOUNTS, MIB, ApiMemory, address, main, report, slope


def on_a_line(accounts: int) -> ApiMemory:
    return ApiMemory(accounts, 60 * MIB + 512 * accounts)


def test_the_memory_of_the_process_and_of_an_account_are_separated() -> None:
    assert slope([on_a_line(1_000), on_a_line(20_000), on_a_line(90_000)]) == pytest.approx((60 * MIB, 512))


def test_measurements_of_one_size_can_not_be_separated() -> None:
    with pytest.raises(ValueError, match="different numbers of accounts"):
        slope([on_a_line(5), on_a_line(5)])


def test_the_report_has_every_measurement_and_both_figures() -> None:
    lines = report([on_a_line(2_048), on_a_line(20_480)]).splitlines()
    assert lines == ["   2,048 accounts    61.0 MiB", "  20,480 accounts    70.0 MiB", lines[-1]]
    assert lines[-1] == "process 60 MiB, account 0.50 KiB"


def test_the_command_measures_several_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    main(on_a_line)
    assert capsys.readouterr().out == report([on_a_line(accounts) for accounts in ACCOUNTS]) + "\n"


def test_the_address_is_found_among_the_lines_of_the_log() -> None:
    lines = [
        b'{"message": "starting"}\n',
        b"a warning of a library\n",
        b'{"message": "Uvicorn running on http://127.0.0.1:4321 (Press CTRL+C to quit)"}\n',
    ]
    assert address(lines) == "http://127.0.0.1:4321"


def test_a_server_that_ends_before_it_listens_is_reported() -> None:
    with pytest.raises(ValueError, match="ended before it listened"):
        address([b'{"message": "starting"}\n'])
