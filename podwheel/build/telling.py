"""The telling lines of a failed build's log: what a person would scroll up for.

A compiler's first error is the cause and the rest follow from it; Python's last exception line
is the message. The rules are about kinds of messages, never about packages.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from podwheel.text import plain

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

_HEADING: Final = "CMake Error"


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
    causes = [line for n in found for line in (lines[n], *_continued(lines, n))]
    return "\n".join(dict.fromkeys([*causes[: _MOST - 2], *(lines[n] for n in found[-2:])]))


def _continued(lines: list[str], place: int) -> list[str]:
    """What a cause's next lines say: CMake's heading only names the file, its message is indented below."""
    if not lines[place].startswith(_HEADING):
        return []
    return list(itertools.takewhile(lambda line: line[0].isspace(), lines[place + 1 :]))
