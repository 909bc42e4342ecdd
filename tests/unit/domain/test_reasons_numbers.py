import pytest

from fraudstream.domain.wording.english import ENGLISH
from fraudstream.domain.wording.vietnamese import VIETNAMESE


@pytest.mark.parametrize(
    ("value", "english", "vietnamese"),
    [
        (0.0, "0", "0"),
        (-0.001, "0", "0"),
        (0.004, "under 0.01", "dưới 0,01"),
        (0.01, "0.01", "0,01"),
        (0.5, "0.5", "0,5"),
        (12.346, "12.35", "12,35"),
        (10.0, "10", "10"),
        (99.999, "100", "100"),
        (1_234.6, "1,235", "1.235"),
        (-1_234.6, "-1,235", "-1.235"),
    ],
)
def test_numbers_are_formatted_for_people(value: float, english: str, vietnamese: str) -> None:
    assert (ENGLISH.number(value), VIETNAMESE.number(value)) == (english, vietnamese)


@pytest.mark.parametrize(
    ("seconds", "english", "vietnamese"),
    [
        (0.0, "0 seconds", "0 giây"),
        (1.0, "1 second", "1 giây"),
        (59.0, "59 seconds", "59 giây"),
        (60.0, "1 minute", "1 phút"),
        (3_600.0, "1 hour", "1 giờ"),
        (9_000.0, "2.5 hours", "2,5 giờ"),
        (86_400.0, "24 hours", "24 giờ"),
        (172_800.0, "2 days", "2 ngày"),
    ],
)
def test_durations_are_formatted_in_the_largest_unit_that_fits(
    seconds: float, english: str, vietnamese: str
) -> None:
    assert (ENGLISH.quantity_of(seconds, "seconds"), VIETNAMESE.quantity_of(seconds, "seconds")) == (
        english,
        vietnamese,
    )
