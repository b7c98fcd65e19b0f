"""Messages of pkg-config, and of whoever could not start a program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.found import (
    Finding,
    Rule,
    Weight,
    constrained,
    header,
    library,
    missing,
    program,
    rule,
    version,
)
from podwheel.syslibs.lack import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from podwheel.syslibs.lack import Missing
    from podwheel.syslibs.logtext import Statement

    Found = Callable[[re.Match[str], Statement], Iterator[Finding]]

_WORD: Final = re.compile(r"[^\s'\",\[\]()]{1,120}")
_DATA_FILE: Final = re.compile(r"\.[A-Za-z]{1,5}$")
"""``README.md``, ``VERSION.txt``: a file of the project's that is missing, and no program."""


def _goes_on(statement: Statement) -> bool:
    """CMake and configure scripts pass on what pkg-config said, and decide themselves."""
    return statement.text.startswith(("-- ", "checking "))


def _module(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    weight = Weight.WORDS if _goes_on(statement) else Weight.CHECK
    yield Finding(any_of=constrained(Kind.PKG_CONFIG, match[1]), weight=weight)


def _old_module(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    weight = Weight.WORDS if _goes_on(statement) else Weight.CHECK
    any_of = missing(Kind.PKG_CONFIG, match["name"], match["minimum"])
    yield Finding(any_of=any_of, weight=weight, too_old=version(match["has"]))


def _pkg_config_call(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    """A call that failed: of one module we know which; of several it was any."""
    words = [w for w in _WORD.findall(match[1]) if not w.startswith("-")]
    modules = [m for m in _asked(words) if m]
    if len(modules) == 1:
        yield Finding(any_of=modules[0], weight=Weight.CHECK, attempt=True)
    else:
        for module in modules:
            yield Finding(any_of=module, weight=Weight.WORDS)


def _asked(words: list[str]) -> Iterator[tuple[Missing, ...]]:
    """The modules among a call's words: ``foo``, ``foo >= 1.2`` (also split at its blanks)."""
    words = words.copy()
    while words:
        name = words.pop(0)
        if len(words) >= 2 and words[0] in (">=", "=", ">", "<", "<=", "!="):
            name = f"{name} {words.pop(0)} {words.pop(0)}"
        yield constrained(Kind.PKG_CONFIG, name)


def _program(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        # Where a path comes from is not known: a configuration's, or an option's of the project.
        known = Weight.WORDS if match[1].startswith("/") else weight
        yield Finding(any_of=program(match[1]), weight=known)

    return found


def _no_such_file(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    """Python's word for a file as for a program: the frame that raised tells which."""
    name = match[2]
    if statement.text.startswith("Running '"):
        return  # Meson tells all compilers that it tried, after it named them
    if name.startswith("/"):
        yield Finding(any_of=program(name), weight=Weight.WORDS)
    elif "/" not in name and not _DATA_FILE.search(name):
        started = bool(statement.frame and statement.frame.endswith("/subprocess.py"))
        weight = Weight.CHECK if started or match[1] else Weight.WORDS
        yield Finding(any_of=program(name), weight=weight)


def _hunted(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    """A header and a library of one thing, before the directories in which they were looked for."""
    name = match[2].removeprefix("lib").partition(".so")[0]
    yield Finding(any_of=(*library(name), *header(match[1])), weight=Weight.WORDS)


_PKG_CONFIG: Final = (
    # pkgconf
    rule("not found", r"\bPackage '([^'\n]{1,100})'(?:, required by '[^'\n]{1,100}',)? not found", _module),
    # pkg-config, and pkgconf's first line
    rule("pkg-config search path", r"\bPackage ([^\s']{1,100}) was not found in the pkg-config search path", _module),
    rule("No package '", r"\bNo package '([^'\n]{1,100})' found", _module),
    rule("could not be satisfied", r"Package dependency requirement '([^'\n]{1,100})' could not be satisfied", _module),
    rule("required version is", r"Package '(?P<name>NAME)' has version '(?P<has>[^'\s]{1,40})', required version is "
         r"'>?=? ?(?P<minimum>[^'\s]{1,40})'", _old_module),
    rule("but version of", r"Requested '(?P<name>NAME) >?=? ?(?P<minimum>[^'\s]{1,40})' but version of \S{1,100} is "
         r"(?P<has>\S{1,40})", _old_module),
    # whoever called it
    rule("returned non-zero", r"[Cc]ommand QUOTE[\[(]?QUOTE?(?:/[^\s'\"]{1,100}/)?pkg-config\b([^\n]{1,300}?)[\])]?QUOTE? "
         r"returned non-zero", _pkg_config_call),
    rule("pkg-config", r"^WARNING: QUOTEpkg-config\b([^\n'\"]{1,200})QUOTE failed", _pkg_config_call),
    rule("PackageNotFoundError", r"^pkgconfig\.\S{0,40}PackageNotFoundError: (NAME) not found", _module),
)  # fmt: skip

_PROGRAMS: Final = (
    # dash; bash; a script of theirs: "x.sh: line 3: foo: command not found"
    rule(": not found", r": \d{1,6}: (/?[^\s:]{1,200}): not found$", _program(Weight.CHECK)),
    rule(": command not found", r"(?:^|[\s/]|: )([^\s:/]{1,100}): command not found", _program(Weight.CHECK)),
    rule("env: ", r"\benv: QUOTE([^\s']{1,200})QUOTE: No such file or directory", _program(Weight.CHECK)),
    rule("make", r"^make(?:\[\d{1,3}\])?: ([^\s:*]{1,100}): No such file or directory", _program(Weight.STOP)),
    # distutils, before and after setuptools 75
    rule("unable to execute", r"unable to execute QUOTE?([^\s:'\"]{1,100})QUOTE?: No such file", _program(Weight.STOP)),
    rule("failed: No such file", r"\berror: command QUOTE([^\s'\"]{1,200})QUOTE failed: No such file", _program(Weight.STOP)),
    rule("[Errno 2]", r"(\berror: )?\[Errno 2\] No such file or directory: QUOTE([^\s'\"]{1,200})QUOTE", _no_such_file),
    rule("which: no ", r"^which: no ([^\s:]{1,100}) in \(", _program(Weight.WORDS)),
)  # fmt: skip

_HUNTS: Final = (
    # a setup script that looks for its libraries by itself: "JPEG jpeglib.h libjpeg ['/usr/include', …"
    rule(" ['/", r"^[A-Za-z]\w{1,40} ([\w./+\-]{1,80}\.h) (lib[\w.+\-]{1,60}) \['/", _hunted),
)

RULES: Final[tuple[Rule, ...]] = (*_PKG_CONFIG, *_PROGRAMS, *_HUNTS)
