"""Messages of compilers, linkers and loaders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from podwheel.syslibs.found import (
    Finding,
    Rule,
    Weight,
    compiler,
    file,
    header,
    library,
    program,
    rule,
    version,
)
from podwheel.syslibs.lack import Kind, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from podwheel.syslibs.logtext import Statement

    Found = Callable[[re.Match[str], Statement], Iterator[Finding]]

_PROBE: Final = re.compile(
    r"(?:^|/)(?:_configtest|conftest|CMakeTmp|CMakeScratch|TryCompile-\w{1,20}|meson-private|testfile)[./]"
    r"|^(?:/var)?/tmp/[^/\s]{1,80}(?:/[^/\s]{1,80})?\.c\w{0,2}:"
)
"""A source that a build system has written to try something: that it does not compile is an answer."""

_PROGRAMS_OF_GCC: Final = {
    "cc1": "c",
    "cc1plus": "c++",
    "f951": "fortran",
    "cc1obj": "objc",
    "cc1objplus": "objc++",
    "gnat1": "ada",
    "d21": "d",
}
"""What the driver starts for a language: there if that language's compiler is installed."""


def _header(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
    weight = Weight.WORDS if _PROBE.search(statement.text) else Weight.STOP
    yield Finding(any_of=header(match[1]), weight=weight)


def _swig(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    # SWIG's own interface files, and a project's, are looked for in the same words.
    if match[1].endswith((".h", ".hpp", ".hh", ".hxx")):
        yield Finding(any_of=header(match[1]), weight=Weight.STOP)


def _file(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    yield Finding(any_of=file(match[1]), weight=Weight.STOP)


def _library(weight: Weight) -> Found:
    def found(match: re.Match[str], statement: Statement) -> Iterator[Finding]:
        # The linker does not say for which output; the command before it does.
        yield Finding(any_of=library(match[1]), weight=Weight.WORDS if statement.trial else weight)

    return found


def _driver(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    language = _PROGRAMS_OF_GCC.get(match[1])
    yield Finding(any_of=compiler(language) if language else program(match[1]), weight=Weight.STOP)


def _language(weight: Weight) -> Found:
    def found(match: re.Match[str], _: Statement) -> Iterator[Finding]:
        yield Finding(any_of=compiler(match[1]), weight=weight)

    return found


def _rust(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    # setuptools-rust says the same of an optional extension, without the word "error", and goes on.
    weight = Weight.WORDS if match[0].startswith("can't") else Weight.STOP
    yield Finding(any_of=compiler("rust"), weight=weight)


def _old_rust(match: re.Match[str], _: Statement) -> Iterator[Finding]:
    minimum, has = match["minimum"], match["has"]
    wanted = Missing(kind=Kind.COMPILER, name="rust", minimum=version(minimum))
    yield Finding(any_of=(wanted,), weight=Weight.STOP, too_old=version(has))


_HEADERS: Final = (
    # gcc, nvcc; gfortran's preprocessor, with a capital and no place before it
    rule(": No such file", r": fatal error: ([^\s:'\"]{1,200}): No such file or directory", _header),
    rule("Fatal Error: ", r"^Fatal Error: ([^\s:'\"]{1,200}): No such file or directory", _header),
    rule("file not found", r": fatal error: '([^\s']{1,200})' file not found", _header),  # clang
    rule("included file", r"Fatal Error: Can(?:not|'t) open included file QUOTE([^\s']{1,200})QUOTE", _header),
    rule("module file", r"Fatal Error: Can(?:not|'t) open module file QUOTE([^\s']{1,200})QUOTE", _file),
    rule("Unable to find", r": Error: Unable to find '([^\s']{1,200})'", _swig),
)  # fmt: skip

_LINKERS: Final = (
    rule("cannot find", r"\bcannot find -l(:?[^\s:]{1,100})", _library(Weight.STOP)),  # ld, gold
    rule("ld.gold: error:", r"error: cannot find (lib[^\s:]{1,100})", _file),  # gold, for -l:libx.a
    rule("cannot find", r"\bld: cannot find (/[^\s:]{1,200})", _file),  # named by a linker script
    rule("cannot find", r"\bld: cannot find ([^\s:/\-]{1,80}\.o)(?::|$)", _file),  # crti.o: libc's
    rule("unable to find library", r"unable to find library -l(:?[^\s:]{1,100})", _library(Weight.STOP)),  # lld
    rule("library not found", r"mold: (?:fatal|error): library not found: (:?[^\s:]{1,100})", _library(Weight.STOP)),
    rule("needed by", r"warning: (lib[^\s,]{1,100}), needed by [^\n]{1,200}, not found", _library(Weight.CHECK)),
    rule("shared object file", r"(?:^|[\s:])(lib[^\s:]{1,100}): cannot open shared object file", _library(Weight.CHECK)),
)  # fmt: skip

_LANGUAGES: Final = (
    rule("error trying to exec", r"error trying to exec QUOTE(NAME)QUOTE", _driver),  # gcc before 10
    rule("cannot execute", r"fatal error: cannot execute QUOTE(NAME)QUOTE", _driver),
    rule("compiler found", r"\b[Nn]o (?:acceptable |suitable |working )?([A-Za-z+]{1,10}) compiler found", _language(Weight.STOP)),
    rule("compiler", r"[Cc]ould not find (?:a |any )?(?:working |suitable )?([A-Za-z+]{1,10}) compiler\b", _language(Weight.CHECK)),
    rule("t find Rust compiler", r"(?:^|error: )can't find Rust compiler", _rust),  # setuptools-rust
    rule("cargo in your PATH", r"Caused by: Cargo metadata failed\. Do you have cargo in your PATH", _rust),  # maturin
    rule("rust compiler", r"rustc, the rust compiler, is not installed or not in PATH", _rust),
    rule("Rust package manager", r"Cargo, the Rust package manager, is not installed or is not on PATH", _rust),
    rule("is not supported by", r"rustc (?P<has>\d[\w.]{0,20})\S{0,20} is not supported by the following packages?:\n"
         r"[^\n]{1,200} requires rustc (?P<minimum>\d[\w.]{0,20})", _old_rust),  # cargo since 1.76
    rule("cannot be built because", r"cannot be built because it requires rustc (?P<minimum>\d[\w.]{0,20}) or newer, "
         r"while the currently active rustc version is (?P<has>\d[\w.]{0,20})", _old_rust),
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (*_HEADERS, *_LINKERS, *_LANGUAGES)
