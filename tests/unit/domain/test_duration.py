import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.duration import format_duration, parse_duration_ms


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("0s", 0),
        ("1ms", 1),
        ("30s", 30_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("24h", 86_400_000),
        ("1d", 86_400_000),
        ("7d", 604_800_000),
        (" 5m ", 300_000),
        ("007s", 7_000),
    ],
)
def test_a_whole_number_and_a_unit_are_parsed(text: str, duration_ms: int) -> None:
    assert parse_duration_ms(text) == duration_ms


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "+5m", "1.5h", "5M", "5min", "1h30m", "5m\nx", "PT5M", "1w"]
)
def test_anything_else_is_rejected_with_the_text_and_the_fix(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"invalid duration .*: write a whole number and a unit, like"
    ) as refused:
        parse_duration_ms(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0ms"),
        (1, "1ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (1_001, "1001ms"),
        (60_000, "1m"),
        (90_000, "90s"),
        (3_600_000, "1h"),
        (5_400_000, "90m"),
        # A day is written 24h, as feature names in this field are; longer whole days use d.
        (86_400_000, "24h"),
        (172_800_000, "2d"),
        (604_800_000, "7d"),
        (90_000_000, "25h"),
    ],
)
def test_the_largest_unit_that_divides_is_written(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text


@given(st.integers(min_value=0, max_value=10**13))
def test_a_written_duration_is_parsed_to_the_same_value(duration_ms: int) -> None:
    assert parse_duration_ms(format_duration(duration_ms)) == duration_ms
