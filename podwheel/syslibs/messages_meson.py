"""Messages of Meson, and of configure scripts as Autoconf writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.found import (
    Finding,
    Rule,
    Weight,
    constrained,
    dependency,
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

_WORD: Final = re.compile(r"[^\s'\",\[\]]{1,100}")
_LEAST: Final = re.compile(r">=? {0,4}([^\s',]{1,40})")


def _dependency(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        yield Finding(any_of=dependency(match[1]), weight=weight)

    return found


def _lookup(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    name, why = match["name"], match["why"]
    if why.startswith("Pkg-config for machine"):
        yield Finding(any_of=missing(Kind.PROGRAM, "pkg-config"), weight=Weight.STOP)
    elif not why.endswith("is not in the list of project languages"):  # that is the project's fault
        yield Finding(any_of=dependency(name), weight=Weight.STOP)


def _old_dependency(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        least = _LEAST.search(match["wanted"])
        if least:
            any_of = dependency(match["name"], least[1])
            yield Finding(any_of=any_of, weight=weight, too_old=version(match["has"]))

    return found


def _library(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        yield Finding(any_of=library(match[1]), weight=weight)

    return found


def _header(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        yield Finding(any_of=header(match[1]), weight=weight)

    return found


def _programs(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        any_of = [m for name in _WORD.findall(match[1])[:20] for m in program(name)]
        yield Finding(any_of=any_of, weight=weight)

    return found


def _compilers(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    """All commands that would do; if one is known as a language's compiler, any such will."""
    any_of = [m for name in _WORD.findall(match[1])[:20] for m in program(name)]
    languages = [m for m in any_of if m.kind is Kind.COMPILER]
    yield Finding(any_of=languages or any_of, weight=Weight.STOP)


def _checked(look: Callable[[str], tuple[Missing, ...]]) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        yield Finding(any_of=look(match[1]), weight=Weight.RECALLED)

    return found


def _checked_name(name: str) -> tuple[Missing, ...]:
    """A module, a compiler, or whatever it may be."""
    if name.endswith(".h"):
        return ()  # another rule's
    if ">" in name:
        return constrained(Kind.PKG_CONFIG, name)
    found = program(name)
    is_compiler = any(m.kind is Kind.COMPILER for m in found)
    return found if is_compiler else missing(Kind.NAME, name)


_MESON: Final = (
    rule("ERROR: Dependency", r"ERROR: Dependency QUOTE(NAME)QUOTE not found", _dependency(Weight.STOP)),
    rule("failed: Invalid version", r"Dependency lookup for (?P<name>NAME) with method '[^']{1,20}' failed: Invalid version, "
         r"need '[^']{1,100}' \[(?P<wanted>[^\]\n]{1,200})\] found '(?P<has>[^'\s]{1,40})'", _old_dependency(Weight.STOP)),
    rule("ERROR: Dependency lookup", r"Dependency lookup for (?P<name>NAME) with method '[^']{1,20}' failed: "
         r"(?!Invalid version)(?P<why>[^\n]{1,300})$", _lookup),
    rule("library '", r"ERROR: [A-Za-z+]{1,10} (?:shared or static|shared|static) library '([^'\s]{1,100})' not found", _library(Weight.STOP)),
    rule("header '", r"ERROR: [A-Za-z+]{1,10} header '([^'\s]{1,200})' not found", _header(Weight.STOP)),
    rule("not found or not executable", r"ERROR: Program(?:\(s\))? ['\[]([^\n]{1,200}?)['\]] not found or not executable", _programs(Weight.STOP)),
    rule("Unknown compiler(s)", r"ERROR: Unknown compiler\(s\): \[([^\n]{1,300})", _compilers),
    rule("found: NO", r"^(?:Run-time|Build-time|Runtime) dependency (NAME) found: NO", _dependency(Weight.WORDS)),
    rule("but need:", r"^Dependency (?P<name>NAME) (?:for (?:host|build) machine )?found: NO\.? [Ff]ound (?P<has>[^\s]{1,40}) "
         r"but need: (?P<wanted>[^\n]{1,200})", _old_dependency(Weight.WORDS)),
    rule("found: NO", r"^Program ([^\n]{1,200}) found: NO", _programs(Weight.WORDS)),
    rule("found: NO", r"^Library (NAME) found: NO", _library(Weight.WORDS)),
    rule(" : NO", r"^(?:Has header|Check usable header) QUOTE([^\s'\"]{1,200})QUOTE : NO", _header(Weight.WORDS)),
    rule("Found pkg-config: NO", r"^Found (pkg-config): NO", _programs(Weight.WORDS)),
)  # fmt: skip

# A configure script asks hundreds of things, and most answers are "no": only the last ones before
# it gave up say something.
_CONFIGURE: Final = (
    rule("... no", r"^checking for ([^\s]{1,200}\.h)\.\.\. (?:no|not found)$", _checked(header)),
    rule("... no", r"^checking for (?:main|[A-Za-z_]\w{0,100}) in -l([^\s.]{1,100})\.\.\. (?:no|not found)$", _checked(library)),
    rule("... no", r"^checking for (NAME)\.\.\. (?:no|not found)$", _checked(_checked_name)),
    rule("... no", r"^checking for (NAME >=? [^\s]{1,40})\.\.\. (?:no|not found)$", _checked(_checked_name)),
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (*_MESON, *_CONFIGURE)
