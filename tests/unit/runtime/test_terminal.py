"""Text on terminals and in logs: escaped, and without credentials."""

import json

import pytest

from fraudstream.runtime.structured_logs import configure_logging, get_logger
from fraudstream.runtime.terminal import printable, printable_json, redacted, shown, write_error

DANGEROUS = [
    *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)),  # C0 and C1
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # bidirectional
    *"\u200b\u200d\ufeff\u2028\u2029\U000e0041\ud800",
]  # fmt: skip
HARMLESS = "Số tiền 1.000 ₫, 漢字, 😀, é"


@pytest.mark.parametrize("character", DANGEROUS)
def test_a_character_that_controls_a_terminal_is_escaped(character: str) -> None:
    for escape in (printable, printable_json):
        escaped = escape(f"a{character}b")
        assert escaped.isprintable()
        assert character not in escaped
        assert escaped.startswith("a")


def test_letters_of_every_script_are_kept() -> None:
    assert printable(HARMLESS) == printable_json(HARMLESS) == shown(HARMLESS) == HARMLESS


def test_escaped_json_has_the_same_value() -> None:
    value = {"id": "a\x9b31m\u202eb\u2028\U000e0041" + HARMLESS}
    text = json.dumps(value, ensure_ascii=False)
    assert not text.isprintable()
    escaped = printable_json(f"{text}\n")
    assert escaped.isprintable()
    assert json.loads(escaped) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://bank.example/alerts?page=2", "https://bank.example/alerts?page=2"),
        ("can't reach https://user:pass@h.example/a", "can't reach https://**********@h.example/a"),
        ("redis://:pa%40ss@h:1/0 and S3://KEY@b/k", "redis://**********@h:1/0 and S3://**********@b/k"),
        ("https://h/?token=abc&x=1", "https://h/?token=**********&x=1"),
        ("https://h/?a=1&X-Amz-Signature=ab&X-Amz-Credential=cd", "https://h/?a=1&X-Amz-Signature=**********&X-Amz-Credential=**********"),
        ("'https://h/?api_key=abc' failed", "'https://h/?api_key=**********' failed"),
        ("https://user:p@ss@h/ and https://a@b:c@h", "https://**********@h/ and https://**********@h"),
        ("https://h/?sv=1&sig=ab%3D&se=2", "https://h/?sv=1&sig=**********&se=2"),
        ("https://h/?key=abc&sort_key=x&design=y", "https://h/?key=**********&sort_key=x&design=y"),
        ("write to a@b.example, not to http://h/a@b", "write to a@b.example, not to http://h/a@b"),
    ],
)  # fmt: skip
def test_credentials_in_uris_are_replaced(text: str, expected: str) -> None:
    assert redacted(text) == expected


def test_errors_keep_their_lines_and_nothing_dangerous(capsys: pytest.CaptureFixture[str]) -> None:
    write_error("first \x1b[2J https://u:secret@h\nsecond \u202e")
    assert capsys.readouterr().err == "first \\x1b[2J https://**********@h\nsecond \\u202e\n"


def test_logs_have_no_credentials_of_uris(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", ["test_terminal"])
    get_logger("test_terminal").info("calling https://u:hunter2@h/", url=["https://h/?token=hunter2"])
    line = capsys.readouterr().err
    assert "hunter2" not in line
    assert "https://**********@h/" in line
