"""Python and the kernel parse the same times, so no tool fails on a record that the job accepts."""

import random
from collections.abc import Iterator
from typing import Final

from pyflink.java_gateway import get_gateway
from pyflink.util.java_utils import to_jarray

from fraudstream.domain.transaction import parse_time_ms
from jobs.environment import start_jvm

TEXTS: Final = 4_000
NO_TIME: Final = -(2**63)
YEARS: Final = ("0000", "0001", "2024", "2026", "9998", "9999", "+02026", "-0001", "+10000")
LETTERS: Final = "0123456789-+:.TZtz ,"


def texts(seed: int) -> Iterator[str]:
    """Yield texts, some of which are times, with numbers just outside their ranges."""
    draw = random.Random(seed)

    def number(highest: int) -> str:
        return f"{draw.randint(0, highest):02}"

    for _ in range(TEXTS):
        text = (
            f"{draw.choice(YEARS)}-{number(13)}-{number(32)}{draw.choice('TTTt ')}{number(25)}:{number(61)}"
        )
        if draw.random() < 0.8:
            text += f":{number(61)}"
            text += draw.choice(("", ".", ".6", ".678", ".6789", ".678999999", ".6789999999"))
        text += draw.choice(
            ("Z", "z", "", f"+{number(20)}", f"-{number(20)}:{number(61)}", "+07:00:30", "+0700")
        )
        if draw.random() < 0.1:
            place = draw.randrange(len(text))
            text = text[:place] + draw.choice(LETTERS) + text[place + 1 :]
        yield text


def python_ms(text: str) -> int:
    try:
        return parse_time_ms(text)
    except ValueError:
        return NO_TIME


def test_python_and_kernel_parse_the_same_texts_to_the_same_times() -> None:
    start_jvm({})
    jvm = get_gateway().jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    kernel = jvm.java.lang.Class.forName("fraudstream.kernel.record.Rfc3339", True, loader)  # noqa: FBT003 - Java's
    string = jvm.java.lang.Class.forName("java.lang.String")
    parse = kernel.getDeclaredMethod("parseMs", to_jarray(jvm.java.lang.Class, [string]))
    parse.setAccessible(True)
    found = {text: python_ms(text) for text in texts(seed=1)}
    expected = {text: parse.invoke(None, to_jarray(jvm.java.lang.Object, [text])) for text in found}
    assert found == expected
    times = sum(time_ms != NO_TIME for time_ms in found.values())
    assert TEXTS / 10 < times < TEXTS / 2
