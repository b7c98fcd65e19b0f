"""What a rule makes of a message: a finding, with names that were checked first.

A log is hostile text. Nothing of it becomes a name that could be an option, leave a directory,
or mean something to a shell: a name is of the characters that such names have, and short.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from podwheel.syslibs.lack import Kind, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from podwheel.syslibs.logtext import Statement

QUOTE: Final = "['\"]"
"""How tools quote; typographic quotes and backticks were made plain (`logtext`)."""

NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_+.\-]{0,99}"
"""Of a library, a program, a module of pkg-config's, a CMake package."""
_NAME: Final = re.compile(NAME)
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.\-/]{0,199}")
_VERSION: Final = re.compile(r"\d[A-Za-z0-9_.+~\-]{0,39}")
_CONSTRAINED: Final = re.compile(rf"({NAME}) {{0,4}}(?:(>=|>|==?|<=?|!=) {{0,4}}([^\s,]{{1,40}}))?")
_OWN_SOURCE: Final = (
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".f",
    ".f90",
    ".pxd",
    ".pxi",
    ".pyx",
    ".py",
    ".i",
)

_COMPILERS: Final = {
    "c": ("cc", "gcc", "c89", "c99", "cpp"),
    "c++": ("c++", "g++"),
    "fortran": ("gfortran", "f77", "f90", "f95", "g77", "g95"),
    "rust": ("rustc", "cargo"),
    "cuda": ("nvcc",),
    "go": ("go",),
}
_LANGUAGE_OF: Final = {
    command: lang for lang, commands in _COMPILERS.items() for command in commands
}
_LANGUAGES: Final = frozenset(_COMPILERS) | {"ada", "d", "objc", "objc++"}
_ALIASES: Final = {"cxx": "c++", "cpp": "c++", "golang": "go"}
_COMPILER: Final = re.compile(
    r"(?:(?:x86_64|i\d86|aarch64|arm\w{0,8}|powerpc\w{0,8}|riscv\w{0,8}|s390x|loongarch\w{0,8}|mips\w{0,8})-(?:\w{1,20}-){1,3})?"
    rf"({'|'.join(map(re.escape, _LANGUAGE_OF))})(?:-\d[\d.]{{0,10}})?"
)
"""A compiler's command, as for a target (``x86_64-linux-gnu-gcc``) and of a version (``gcc-12``)."""


class Weight(enum.IntEnum):
    """How much a message says about why the build ended."""

    RECALLED = 0
    """A check of a configure script: of weight only if the script gives up soon after."""
    WORDS = 1
    """A check that is known to go on, or words of the project's own."""
    CHECK = 2
    """A tool failed, but its caller may have gone on: believed if nothing else stopped the build."""
    STOP = 3
    """A compiler, linker or build system ended here."""


def _distinct(found: Iterable[Missing]) -> tuple[Missing, ...]:
    return tuple(dict.fromkeys(found))


@frozen(kw_only=True)
class Finding:
    """What one statement says is missing."""

    any_of: tuple[Missing, ...] = field(converter=_distinct)
    weight: Weight
    too_old: str | None = None
    attempt: bool = False
    """One of several tries for one thing, if the next statements are tries too."""


@frozen(kw_only=True)
class Rule:
    """A kind of message. Its pattern starts with a literal, and repeats within bounds: linear time."""

    needle: str
    """A literal that every such message has: most lines are done with by looking for it."""
    pattern: re.Pattern[str]
    found: Callable[[re.Match[str], Statement], Iterable[Finding]]

    def findings(self, statement: Statement) -> Iterator[Finding]:
        """What this rule finds in a statement that has its needle."""
        for match in self.pattern.finditer(statement.text):
            yield from (f for f in self.found(match, statement) if f.any_of)


def rule(
    needle: str, pattern: str, found: Callable[[re.Match[str], Statement], Iterable[Finding]]
) -> Rule:
    """A `Rule` of *pattern*, in which ``QUOTE`` and ``NAME`` stand for what they are here."""
    full = pattern.replace("QUOTE", QUOTE).replace("NAME", NAME)
    return Rule(needle=needle, pattern=re.compile(full, re.MULTILINE), found=found)


def missing(kind: Kind, name: str, minimum: str | None = None) -> tuple[Missing, ...]:
    """One thing by its name; nothing if the name is none."""
    if not _NAME.fullmatch(name) or ".." in name:
        return ()
    return (Missing(kind=kind, name=name, minimum=version(minimum)),)


def version(text: str | None) -> str | None:
    """*text* if it is a version."""
    return text if text and _VERSION.fullmatch(text) else None


def header(name: str) -> tuple[Missing, ...]:
    """A header, as it was included. A path out of the directory is the project's own, as is a source."""
    if not _inner(name) or name.lower().endswith(_OWN_SOURCE):
        return ()
    return (Missing(kind=Kind.HEADER, name=name),)


def file(name: str) -> tuple[Missing, ...]:
    """Some file: an absolute path, or its last parts."""
    if not _inner(name.removeprefix("/")):
        return ()
    return (Missing(kind=Kind.FILE, name=name),)


def _inner(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and not {"", ".", ".."} & set(path.split("/"))


def program(command: str) -> tuple[Missing, ...]:
    """A command: a compiler by its language, any other by its name, a path as a file.

    A path that is not absolute is a file of the project's own.
    """
    if command.startswith("/"):
        return file(command)
    if found := _COMPILER.fullmatch(command):
        return compiler(_LANGUAGE_OF[found[1]])
    return missing(Kind.PROGRAM, command)


def compiler(language: str) -> tuple[Missing, ...]:
    """A language's compiler, by what people and build systems call the language."""
    name = _ALIASES.get(language.lower(), language.lower())
    return (Missing(kind=Kind.COMPILER, name=name),) if name in _LANGUAGES else ()


def library(asked: str) -> tuple[Missing, ...]:
    """What the linker was asked for: ``foo``, or the file itself, ``:libfoo.a``."""
    if asked.startswith(":"):
        return file(asked[1:])
    return missing(Kind.LIBRARY, asked)


def constrained(kind: Kind, text: str) -> tuple[Missing, ...]:
    """``foo``, ``foo >= 1.2``, ``foo>=1.2``: the name and the least version."""
    found = _CONSTRAINED.fullmatch(text.strip())
    if not found:
        return ()
    least = found[3] if found[2] in (">=", ">", "=", "==") else None
    return missing(kind, found[1], least)


def dependency(name: str, minimum: str | None = None) -> tuple[Missing, ...]:
    """What Meson calls a dependency: it looks for it in pkg-config's modules, then CMake's."""
    kinds = (Kind.PKG_CONFIG, Kind.CMAKE, Kind.NAME)
    return tuple(m for kind in kinds for m in missing(kind, name, minimum))
