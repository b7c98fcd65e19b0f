"""A step's log as statements: one message each, bounded, whatever the build has written.

CMake wraps its messages and puts lists below them; cargo puts the names on the next line. Those
are joined here, so that a rule sees one message. Everything else is a statement a line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.text import without_escapes

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST: Final = 10
"""Characters that a message has at least."""
_HEAD: Final = 1500
"""Characters of a line's beginning that are read, and of its end (`_TAIL`): a compiler's command
line is long, and what a shell said can stand behind it."""
_TAIL: Final = 400
_BLOCK: Final = 60
"""Lines of one wrapped message that are read."""
_FRAME_LASTS: Final = 12
"""Lines after a traceback's frame in which its exception is told (source, carets)."""

_CMAKE: Final = re.compile(r"CMake (Error|Warning|Deprecation Warning)(?: \((?:dev|author)\))?[ :]")
_SUBPROJECT: Final = re.compile(r"[A-Za-z0-9_.+-]{1,60}\| ")
_QUOTES: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019`", "'") | dict.fromkeys("\u201c\u201d", '"')
)
_FRAME: Final = re.compile(r'  File "([^"]{1,300})", line \d')
_TRIAL: Final = re.compile(
    r" -o (?:(?:/var)?/tmp/|(?:\S{0,200}/)?(?:_configtest|conftest|CMakeTmp|CMakeScratch|TryCompile-|meson-private))"
)
"""A command whose output no wheel gets: a build system tries something."""
_TRIAL_LASTS: Final = 6
"""Lines after such a command in which the linker, and its callers, say how it went."""


@frozen(kw_only=True)
class Statement:
    """One message of a log."""

    text: str
    """One line; of a wrapped message one line a paragraph, or an entry of a list. Quotes are ``'`` or ``"``."""
    first: str
    """Its first line, as it stands in the log."""
    cmake: str | None = None
    """``Error`` or ``Warning``: what CMake called it."""
    frame: str | None = None
    """The file of the innermost frame, if a Python traceback ends here."""
    trial: bool = False
    """A build system has just tried something: that it fails is an answer."""


def statements(text: str) -> Iterator[Statement]:
    """The messages of a log, in its order; lines too short to be one are left out."""
    shown = [_cut(line) if line else "" for line in text.splitlines()]
    lines = [_plainly_quoted(line) if line else "" for line in shown]
    frame, frame_at = None, -_FRAME_LASTS
    trial_at = -_TRIAL_LASTS
    at = 0
    while at < len(lines):
        line = lines[at]
        if found := _CMAKE.match(line):
            end = _end_of_block(lines, at + 1)
            body = _joined(lines[at + 1 : end])
            yield Statement(text=f"{line}\n{body}", first=shown[at], cmake=found[1].split()[-1])
            at = end
            continue
        if line.endswith((" following package:", " following packages:")):
            end = _end_of_block(lines, at + 1)
            yield Statement(text=f"{line}\n{_joined(lines[at + 1 : end])}", first=shown[at])
            at = end
            continue
        if found := _FRAME.match(line):
            frame, frame_at = found[1], at
        elif len(line) >= _SHORTEST:
            recent = frame if at - frame_at < _FRAME_LASTS else None
            if " -o " in line:
                trial_at = at if _TRIAL.search(line) else -_TRIAL_LASTS
            yield Statement(
                text=_SUBPROJECT.sub("", line, count=1),
                first=shown[at],
                frame=recent,
                trial=at - trial_at < _TRIAL_LASTS,
            )
        at += 1


def _cut(line: str) -> str:
    if len(line) > _HEAD + _TAIL:
        line = f"{line[:_HEAD]} … {line[-_TAIL:]}"
    return without_escapes(line).rstrip()


def _plainly_quoted(line: str) -> str:
    """gcc and coreutils use typographic quotes in a UTF-8 locale; people use backticks."""
    return line if line.isascii() and "`" not in line else line.translate(_QUOTES)


def _end_of_block(lines: list[str], at: int) -> int:
    """Where the lines that are indented, or blank between such, end."""
    last = min(len(lines), at + _BLOCK)
    end = at
    while at < last and (not lines[at] or lines[at].startswith("  ")):
        at += 1
        if lines[at - 1]:
            end = at
    return end


def _joined(lines: list[str]) -> str:
    """Wrapped lines, indented by two, as one a paragraph; deeper ones are entries of a list."""
    joined: list[str] = []
    flows = False
    for line in lines:
        paragraph = line.startswith("  ") and not line.startswith("   ")
        if paragraph and flows:
            joined[-1] += f" {line.strip()}"
        elif line:
            joined.append(line.strip())
        flows = paragraph
    return "\n".join(joined)
