"""Text of strangers (a build's, a tool's, an index's), made harmless to read and to show."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


def without_escapes(text: str) -> str:
    """*text* without a terminal's escapes: colours, titles, movements."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def plain(text: str) -> str:
    """*text* without terminal escapes; other control characters made visible (it is hostile)."""
    text = without_escapes(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def harmless(text: str) -> str:
    """*text*, `plain` line by line: what may be written to a terminal."""
    return "\n".join(map(plain, text.split("\n")))
