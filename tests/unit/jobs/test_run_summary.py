"""The summary of a run over files counts everything and says when something is wrong."""

import pytest

from jobs.run_summary import NothingAcceptedError, RunSummary

COUNTS = {
    "transactions": 1_000,
    "duplicates": 3,
    "refused:invalid_time": 4,
    "refused:late": 2,
    "refused:malformed_json": 4,
    "labels": 500,
    "refused_labels:missing_field": 1,
}


def lines(unused_labels: int = 0, **changes: int) -> list[str]:
    counts = {name.replace("__", ":"): count for name, count in changes.items()}
    return RunSummary.of(COUNTS | counts, unused_labels, has_labels=True).lines()


def test_everything_is_counted() -> None:
    transactions, labels = lines(7)
    refused = "10 refused (4 invalid_time, 4 malformed_json, 2 late)"
    assert transactions == f"transactions: 1,000 read, 987 accepted, {refused}, 3 duplicates"
    refused = "1 refused (1 missing_field)"
    missing = "7 of transactions that the source does not have"
    assert labels == f"labels: 500 read, 499 accepted, {refused}, {missing}"


def test_many_refusals_are_a_warning() -> None:
    assert lines(refused__late=3)[-1].startswith("warning: 1.1% of the transactions were refused; --dead-")
    assert not any("warning" in line for line in lines())


def test_an_empty_source_is_a_warning_and_no_error() -> None:
    summary = RunSummary.of({}, 0, has_labels=False)
    assert summary.lines() == [
        "transactions: 0 read, 0 accepted, 0 refused, 0 duplicates",
        "warning: the source has no transactions",
    ]
    summary.check()


def test_a_source_of_which_nothing_is_accepted_is_an_error_with_the_reasons() -> None:
    summary = RunSummary.of(
        {"transactions": 5, "refused:wrong_type": 3, "refused:missing_field": 2}, 0, has_labels=False
    )
    with pytest.raises(
        NothingAcceptedError, match=r"none of 5 transactions was accepted \(3 wrong_type, 2 missing_field\)"
    ):
        summary.check()
    RunSummary.of({"transactions": 5, "refused:wrong_type": 4}, 0, has_labels=False).check()


def test_refused_and_missing_labels_are_a_warning() -> None:
    assert lines(refused_labels__missing_field=6)[-1].startswith("warning: 1.2% of the labels were refused")
    assert lines(labels=0, refused_labels__missing_field=0)[-1] == "warning: the file of labels has none"


def test_labels_that_are_all_refused_are_an_error() -> None:
    counts = {"transactions": 5, "labels": 2, "refused_labels:wrong_type": 2}
    with pytest.raises(NothingAcceptedError, match=r"none of 2 labels was accepted \(2 wrong_type\)"):
        RunSummary.of(counts, 0, has_labels=True).check()
