import re

import pytest
from rich.console import Console

from fraudstream.runtime.project_root import ROOT
from producer.stream_costs import PER_RECORD, PRICES_WRITTEN_DOWN, RATES_PER_S, cost, measured_bytes, table


@pytest.mark.parametrize(
    ("tx_per_s", "per_record", "shards", "puts_usd"),
    [
        # By hand: 730 h of 3,600 s are 2,628,000 s; one put unit a record, 0.014 $ a million.
        (100, 1, 1, 3.6792),
        (1_000, 1, 1, 36.792),
        (1_001, 1, 2, 36.828792),
        # 10,000 tx/s of 700 bytes are 7,000,000 bytes/s, 6.7 shards' worth; keys and ten a record add little.
        (10_000, 1, 10, 367.92),
        (10_000, 10, 7, 36.792),
        # 40 of 700 bytes are 28,000: two put units.
        (10_000, 40, 7, 18.396),
    ],
)
def test_shards_follow_from_the_tighter_limit_and_puts_from_started_units(
    tx_per_s: int, per_record: int, shards: int, puts_usd: float
) -> None:
    found = cost(tx_per_s, per_record, tx_bytes=700.0, key_bytes=13.0)
    assert found.shards == shards
    assert found.shards_usd == pytest.approx(shards * 10.95)
    assert found.puts_usd == pytest.approx(puts_usd)
    assert found.total_usd == pytest.approx(shards * 10.95 + puts_usd)


def test_a_record_above_the_kinesis_limit_is_rejected() -> None:
    with pytest.raises(ValueError, match="1500 transactions are 1,050,000 bytes"):
        cost(100, 1_500, tx_bytes=700.0, key_bytes=13.0)


def test_the_pages_sizes_are_those_of_the_simulated_bank() -> None:
    measured = tuple(round(size) for size in measured_bytes())
    assert page_bytes((ROOT / "docs" / "load.md").read_text()) == measured


def test_the_page_has_the_table_that_the_command_prints() -> None:
    page = (ROOT / "docs" / "load.md").read_text()
    tx_bytes, key_bytes = page_bytes(page)
    printed = table(PER_RECORD, tx_bytes, key_bytes)
    rows = list(zip(*(column.cells for column in printed.columns), strict=True))
    assert len(rows) == len(RATES_PER_S) * len(PER_RECORD)
    for row in rows:
        assert f"| {' | '.join(map(str, row))} |" in page
    assert PRICES_WRITTEN_DOWN in page


def page_bytes(page: str) -> tuple[float, float]:
    """Return the sizes that the page's table is for."""
    found = re.search(r"A transaction is (\d+) bytes, its key (\d+)", page)
    assert found is not None
    return float(found[1]), float(found[2])


def test_the_table_fits_a_terminal() -> None:
    console = Console(width=80, record=True)
    console.print(table(PER_RECORD, 700.0, 13.0))
    assert "…" not in console.export_text()
