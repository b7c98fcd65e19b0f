"""Libraries that a failed import could not load, as its message names them.

The loader's own message is exact (``libfoo.so.5: cannot open shared object file``). Packages that
look for a library by themselves (``ctypes``, cffi's ``dlopen``) end in words of their own: what
those name is a guess, and marked so. The text is a container's: hostile, and bounded here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.lack import Kind, Lack, Missing
from podwheel.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINES: Final = 400
_LONGEST: Final = 1000  # characters of a line
_LACKS: Final = 20
_NAMES: Final = 16  # of one lack: packages try many spellings of one name
_SHOWN: Final = 240

_LOADER: Final = ": cannot open shared object file"
_QUOTE: Final = r"['\"`\u2018\u2019\u201c\u201d]"
_BEFORE: Final = re.compile(rf"[\s(]|{_QUOTE}")
_SYSTEM: Final = ("/usr/", "/lib")
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_+.\-]{0,99}"
_SAFE: Final = re.compile(_NAME)

_FAILED: Final = re.compile(
    r"(?:not|n't|unable to|failed to|cannot) (?:be )?(?:find|found|load|locate|open)|no library called"
    r"|not manage to locate|\bmissing\b|No such file or directory: b'lib",
    re.IGNORECASE,
)
_ABOUT_LIBRARIES: Final = re.compile(r"librar(?:y|ies)\b|shared object|\.so\b|\blib", re.IGNORECASE)
_NOT_OURS: Final = re.compile(r"^\s|No module named|cannot import name|undefined symbol")
"""A traceback's own lines are indented; and what lacks a Python module, or a symbol, has its library."""

_MENTIONS: Final = tuple(
    re.compile(pattern.replace("NAME", _NAME).replace("QUOTE", _QUOTE))
    for pattern in (
        r"\b(lib[\w+\-]{1,60}\.so(?:\.\d{1,9}){0,4})",
        r"QUOTE(NAME)QUOTE",
        r"\b(NAME),? (?:(?:shared|dynamic|native|C) )?librar(?:y|ies)\b",
        r"\blib(?:rary)? (?:(?:called|named|file) )?(NAME)",
        r"(?:find|load|locate)(?: or load)?(?: the)? (lib[\w+.\-]{2,60})",
        # What ctypes.util.find_library raises for a name that begins with "lib" (bpo-42580).
        r"No such file or directory: b'lib(NAME)\.a'",
    )
)  # fmt: skip
_WORDS: Final = frozenset((
    "a", "an", "and", "any", "c", "called", "could", "dynamic", "file", "files", "find",
    "following", "for", "found", "from", "have", "i", "in", "installed", "is", "its", "lib",
    "library", "load", "locate", "missing", "name", "named", "native", "no", "not", "of",
    "on", "one", "or", "path", "python", "required", "shared", "so", "static", "system",
    "that", "the", "this", "to", "used", "using", "was", "which", "with", "you", "your",
))  # fmt: skip
"""Words that stand where a name could."""


def dlopened(text: str) -> tuple[Lack, ...]:
    """The libraries that a failed import's message says could not be loaded.

    Args:
        text: The exception with its traceback, as `Imported.said` has it.

    Returns:
        In the text's order, each once, of `Kind.LIBRARY`. Sure ones are the loader's own words:
        a name with ``.so``. The others are names that a package looked for by itself, with or
        without ``lib``, ``.so`` and a version.
    """
    found: dict[tuple[Missing, ...], Lack] = {}
    for line in text.splitlines()[-_LINES:]:
        for lack in _lacks(line[:_LONGEST].rstrip()):
            found.setdefault(lack.any_of, lack)
    return tuple(found.values())[:_LACKS]


def _lacks(line: str) -> Iterator[Lack]:
    if _LOADER in line:
        for name in filter(_SAFE.fullmatch, _loader_said(line)):
            yield _lack([name], line, sure=".so" in name)
    elif _FAILED.search(line) and _ABOUT_LIBRARIES.search(line) and not _NOT_OURS.search(line):
        names = list(filter(_SAFE.fullmatch, _mentioned(line)))
        if names:
            yield _lack(names, line, sure=False)


def _loader_said(line: str) -> Iterator[str]:
    """Names before the loader's words (glibc's ``dlerror``). A path is the system's or a wheel's own."""
    for before in line.split(_LOADER)[:-1]:
        token = _BEFORE.split(before)[-1]
        directory, _, name = token.rpartition("/")
        if not directory or f"{directory}/".startswith(_SYSTEM):
            yield name


def _mentioned(line: str) -> Iterator[str]:
    for mention in _MENTIONS:
        for match in mention.finditer(line):
            name = match[1].rstrip(".+-")
            if (
                len(name) > 1
                and name.lower() not in _WORDS
                and not name.endswith((".py", ".dll", ".a"))
            ):
                yield name


def _lack(names: Iterable[str], line: str, *, sure: bool) -> Lack:
    distinct = list(dict.fromkeys(names))[:_NAMES]
    return Lack(
        any_of=tuple(Missing(kind=Kind.LIBRARY, name=name) for name in distinct),
        sure=sure,
        said=plain(line)[:_SHOWN],
    )
