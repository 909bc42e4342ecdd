"""Untrusted text on a terminal or in a log: no control characters, no credentials."""

import re
import sys
from typing import Final

from fraudstream.runtime.settings import HIDDEN

_URI_USER: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.IGNORECASE)
_URI_PARAMETER: Final = re.compile(
    r"(?P<name>[?&](?:sig|key|[^=&#\s]*"
    r"(?:token|secret|passw|pwd|signature|credential|api[_-]?key|access[_-]?key|auth)[^=&#\s]*)=)"
    r"[^&#\s'\"]+",
    re.IGNORECASE,
)


def printable(text: str) -> str:
    r"""Escape every character that could control a terminal or reorder a line, like ``\x1b``.

    These are the control characters of ASCII and Latin-1 (C0, C1), bidirectional and other format
    characters, line and paragraph separators, unassigned ones and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_json(text: str) -> str:
    r"""Escape the characters that `printable` escapes within JSON text; its value does not change.

    Valid JSON has them only within strings, where ``\u202e`` means the same. Its line ends become spaces.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _json_escape(c) for c in text)


def redacted(text: str) -> str:
    """Replace the credentials in URIs: user and password, and parameters named like a secret."""
    if "://" in text:
        text = _URI_USER.sub(rf"\g<scheme>{HIDDEN}@", text)
    return text if "=" not in text else _URI_PARAMETER.sub(rf"\g<name>{HIDDEN}", text)


def shown(text: str) -> str:
    """Return lines of text, such as an error's, as they may be shown: escaped, and without credentials."""
    return "\n".join(printable(redacted(line)) for line in text.split("\n"))


def write_error(text: str) -> None:
    """Write a message of one or more lines to standard error, as `shown` returns it."""
    sys.stderr.write(f"{shown(text)}\n")


def _json_escape(character: str) -> str:
    if character in "\t\r\n":
        return " "
    code = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{code[i]:02x}{code[i + 1]:02x}" for i in range(0, len(code), 2))
