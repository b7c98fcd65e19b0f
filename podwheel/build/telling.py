"""The telling lines of a failed build's log: what a person would scroll up for.

A compiler's first error is the cause and the rest follow from it; Python's last exception line
is the message. The rules are about kinds of messages, never about packages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_READ: Final = 1 << 20
"""Bytes at the end of a log that are looked at."""
_MOST: Final = 12
_WIDTH: Final = 240

_CAUSES: Final = re.compile(
    r"""
      (^|[\s:])(fatal\ )?error:\ (?!subprocess|command|metadata-gen)   # compilers, ld, cargo, setuptools
    | undefined\ reference\ to
    | cannot\ find\ -l
    | ^CMake\ Error
    | ^(\S+:)?\d*:?\d*:?\s*ERROR:\ (?!Failed\ building)                 # meson, pip-like tools
    | No\ such\ file\ or\ directory
    | command\ not\ found
    | ^\s*(\w+\.)*(\w*Error|\w*Exception|SystemExit|CalledProcessError)(:|$)   # Python
    | ^make(\[\d+\])?:\ \*\*\*
    | Killed\ (signal|process)
    | No\ space\ left\ on\ device
    """,
    re.VERBOSE,
)
_ESCAPES: Final = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


def plain(text: str) -> str:
    """*text* without terminal escapes; other control characters made visible (it is hostile)."""
    text = _ESCAPES.sub("", text)
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def shown_lines(text: str) -> list[str]:
    """The lines of *text* that are not blank, as they may be shown."""
    return [plain(line)[:_WIDTH] for line in text.splitlines() if line.strip()]


def telling_lines(log: Path) -> str:
    """Up to a dozen lines of *log* that say why the build failed; its last lines if none does."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _READ))
            lines = shown_lines(file.read().decode("utf-8", "replace"))
    except FileNotFoundError:
        return ""
    found = [n for n, line in enumerate(lines) if _CAUSES.search(line)]
    if not found:
        return "\n".join(lines[-_MOST:])
    # The first causes, and the last line that is one: the exception that ended it.
    chosen = dict.fromkeys(lines[n] for n in [*found[: _MOST - 2], *found[-2:]])
    return "\n".join(chosen)
