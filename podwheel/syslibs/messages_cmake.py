"""Messages of CMake: of its own commands, and of the modules that ship with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.found import (
    Finding,
    Rule,
    Weight,
    compiler,
    constrained,
    file,
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

_CONFIG_FILE: Final = re.compile(r"^([A-Za-z0-9_+.]{1,100})Config\.cmake$", re.MULTILINE)
_EXECUTABLE: Final = re.compile(r"\b([A-Za-z0-9_]{1,60})_EXECUTABLE\b")
_CONSIDERED: Final = re.compile(r", version: ([^\s,]{1,40})")
_ITEM: Final = re.compile(r"^- ([^\n]{1,120})$", re.MULTILINE)
_LISTED: Final = re.compile(r"[^\s,;]{1,120}")
_LANGUAGES: Final = {"ASM_NASM": "nasm", "ASM_MASM": "ml", "ASM": "cc"}
_HEADER_LIKE: Final = re.compile(r"\.(?:h|hh|hpp|hxx|inc|cuh)$")


def _weight(statement: Statement) -> Weight:
    """An error ends the configuration; a status or a warning was for an optional thing."""
    return Weight.STOP if statement.cmake == "Error" else Weight.WORDS


def _package(name: str, minimum: str | None = None) -> tuple[Missing, ...]:
    """A package of CMake's. A Find module looks for headers and libraries: its name is a word too."""
    return (*missing(Kind.CMAKE, name, minimum), *missing(Kind.NAME, name, minimum))


def _find_module(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    """FindPackageHandleStandardArgs: which variables are missing, and the version that was wanted."""
    name, reason, minimum = match["name"], match["reason"] or "", match["minimum"]
    programs = [
        found
        for stem in _EXECUTABLE.findall(reason)
        for found in program(stem.lower().replace("pkg_config", "pkg-config"))
    ]
    yield Finding(any_of=(*programs, *_package(name, minimum)), weight=_weight(statement))


def _unsuitable(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    if _older(match["has"], match["minimum"]):
        any_of = _package(match["name"], match["minimum"])
        yield Finding(any_of=any_of, weight=_weight(statement), too_old=version(match["has"]))


def _config_files(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    names = dict.fromkeys([match["name"], *_CONFIG_FILE.findall(statement.text)])
    any_of = [m for name in names for m in missing(Kind.CMAKE, name, match["minimum"])]
    yield Finding(any_of=any_of, weight=_weight(statement))


def _incompatible(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    """It is installed, and not as asked: only where it is older can another package help."""
    considered = _CONSIDERED.findall(statement.text)
    if considered and all(_older(has, match["minimum"]) for has in considered):
        any_of = missing(Kind.CMAKE, match["name"], match["minimum"])
        yield Finding(any_of=any_of, weight=_weight(statement), too_old=version(considered[0]))


def _older(has: str, wanted: str) -> bool:
    numbers = [tuple(int(n) for n in re.findall(r"\d{1,9}", text)[:6]) for text in (has, wanted)]
    return numbers[0] < numbers[1]


def _named_module(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    yield Finding(any_of=missing(Kind.CMAKE, match[1]), weight=_weight(statement))


def _required_modules(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    for item in _ITEM.findall(statement.text, match.end()):
        yield Finding(any_of=constrained(Kind.PKG_CONFIG, item), weight=_weight(statement))


def _one_module_of(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    any_of = [m for name in match[1].split(";") for m in constrained(Kind.PKG_CONFIG, name)]
    yield Finding(any_of=any_of, weight=_weight(statement))


def _find_command(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    """``find_library(... REQUIRED)`` and its sisters; the command is named in the first line."""
    names = _LISTED.findall(match[1])[:20]
    look: Callable[[str], tuple[Missing, ...]] = library
    if "(find_program)" in statement.first:
        look = program
    elif "(find_library)" not in statement.first:
        look = _file
    yield Finding(any_of=[m for name in names for m in look(name)], weight=_weight(statement))


def _file(name: str) -> tuple[Missing, ...]:
    return header(name) if _HEADER_LIKE.search(name) else file(name)


def _generator(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    name = "ninja" if match[1].startswith("Ninja") else "make"
    yield Finding(any_of=missing(Kind.PROGRAM, name), weight=Weight.STOP)


def _language(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    language = match[1]
    special = _LANGUAGES.get(language)
    any_of = program(special) if special else compiler(language)
    yield Finding(any_of=any_of, weight=_weight(statement))


def _program(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    yield Finding(any_of=program(match[1]), weight=_weight(statement))


def _checked_header(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    yield Finding(any_of=header(match[1]), weight=Weight.WORDS)


RULES: Final[tuple[Rule, ...]] = (
    rule("Could NOT find", r"Could NOT find (?P<name>NAME) \((?P<reason>missing: [^)\n]{1,400})\)"
         r"(?: \(Required is at least version \"(?P<minimum>[^\"\s]{1,40})\"\))?", _find_module),
    rule("Found unsuitable version", r"Could NOT find (?P<name>NAME): Found unsuitable version \"(?P<has>[^\"\s]{1,40})\", "
         r"but required is at least \"(?P<minimum>[^\"\s]{1,40})\"", _unsuitable),
    rule("package configuration file", r"Could not find a package configuration file provided by \"(?P<name>NAME)\""
         r"(?: \(requested version (?P<minimum>[^\s).]{1,20}(?:\.\d{1,9}){0,3}))?", _config_files),
    rule("compatible with requested version", r"Could not find a configuration file for package \"(?P<name>NAME)\" that is "
         r"compatible with requested version \"(?P<minimum>[^\"\s]{1,40})\"", _incompatible),
    rule("in CMAKE_MODULE_PATH", r"No \"Find(NAME)\.cmake\" found in CMAKE_MODULE_PATH", _named_module),
    rule("Could not find module", r"Could not find module Find(NAME)\.cmake", _named_module),
    rule("required packages were not", r"The following required packages were not found:$", _required_modules),
    rule("None of the required", r"None of the required '([^'\n]{1,400})' found", _one_module_of),
    rule("using the following", r"Could not find \w{1,100} using the following (?:names|files): ([^\n]{1,400})$", _find_command),
    rule("find a build program", r"unable to find a build program corresponding to \"([^\"]{1,40})\"", _generator),
    rule("No CMAKE_", r"No CMAKE_([A-Za-z_+]{1,20})_COMPILER could be found", _language),
    rule("not found in the PATH", r"^The CMAKE_\w{1,20}_COMPILER:\n([^\s]{1,200})\nis not a full path and was not found in the PATH", _program),
    rule("Failed to find nvcc", r"Failed to find (nvcc)\b", _program),
    rule("- not found", r"^-- Looking for (?:include file )?([^\s]{1,200}\.h) - not found", _checked_header),
)  # fmt: skip
