"""Messages of compilers and linkers that became strict: the same code once compiled with warnings.

Such a remedy is only worth a try if *every* error of the log is of that kind: options turn no
other error into a warning. And not every undeclared function is one that somebody forgot to
declare: of Python's own (``PyUnicode_AS_UNICODE``) those are gone, and the wheel would not load.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from podwheel.remedies.remedy import Remedy
from podwheel.remedies.rung import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.syslibs.logtext import Statement

_LENIENT: Final = frozenset((
    "declaration-missing-parameter-type", "implicit-function-declaration", "implicit-int", "incompatible-function-pointer-types",
    "incompatible-pointer-types", "int-conversion", "return-mismatch",
))  # fmt: skip
"""Warnings of gcc and clang that gcc 14, or clang 15 and 16, made errors by themselves
(gcc.gnu.org/gcc-14/porting_to.html)."""

_ERROR: Final = re.compile(r"^\S{1,300}:\d{1,7}:(?:\d{1,5}:)? (?:fatal )?error: (.*)$")
_OPTION: Final = re.compile(r"\[-W(error[=,](?:-W)?)?([a-z0-9+\-]{1,60})=?(?:,-W[a-z\-]{1,60})?\]$")
_PROBE: Final = re.compile(r"(?:^|/)(?:_?configtest|conftest|CMakeTmp|CMakeScratch|meson-private)")
"""A source that a build system wrote to try something: that it does not compile is an answer."""
_PYTHONS: Final = re.compile(r"\bfunction '_?Py[A-Z_]")
_WERROR: Final = re.compile(r"^cc1(?:plus)?: all warnings being treated as errors$")
_C23: Final = re.compile(
    r"'(?:bool|true|false|nullptr|constexpr|thread_local|alignas|alignof|static_assert|typeof)' cannot be (?:defined via 'typedef'|used here|redeclared)"
    r"|cannot use keyword '\w{1,20}' as|two or more data types in declaration specifiers|expected identifier before '(?:true|false)'"
    r"|too many arguments to function '[^']{1,100}'; expected 0"
)
"""What C23 made of old code: keywords, and ``()`` that means no arguments. gcc 15 takes C23 for
granted (gcc.gnu.org/gcc-15/porting_to.html)."""
_STANDARD: Final = re.compile(r"\bis a keyword with '-std=c23' onwards|; expected 0, have \d")
"""Only with these is it C23 for sure."""
_INTTYPES: Final = re.compile(
    r"^\S{1,300}: note: 'u?int\w{1,12}_t' is defined in header '<c?stdint(?:\.h)?>'"
)
_MULTIPLE: Final = re.compile(r"\(\.bss[+.][^)]{0,80}\): multiple definition of ")
_FORTRAN: Final = re.compile(
    r"^Error: (?:Type|Rank) mismatch (?:between actual argument at|in argument) "
)
_MOST: Final = 400
"""Errors of a log that are kept: enough to know that all are of a kind."""


@define
class CompilerLog:
    """What the compilers said, statement by statement."""

    lenient: dict[str, Statement] = field(factory=dict)
    treated: dict[str, Statement] = field(factory=dict)
    c23: Statement | None = None
    fixed_width: Statement | None = None
    commons: Statement | None = None
    fortran: Statement | None = None
    treats_all: bool = False
    other: int = 0
    """Errors that no option turns into a warning."""
    _like_c23: int = 0
    _errors: int = 0

    def add(self, statement: Statement) -> None:
        """Take in one statement."""
        text = statement.text
        if ": " not in text or _PROBE.search(text):
            return
        if (found := _ERROR.match(text)) and self._errors < _MOST:
            self._errors += 1
            self._error(found[1], statement)
        elif _WERROR.match(text):
            self.treats_all = True
        elif self.fixed_width is None and _INTTYPES.match(text):
            self.fixed_width = statement
        elif self.c23 is None and _STANDARD.search(text):
            self.c23 = statement
        elif self.commons is None and _MULTIPLE.search(text):
            self.commons = statement
        elif self.fortran is None and _FORTRAN.match(text):
            self.fortran = statement

    def _error(self, message: str, statement: Statement) -> None:
        option = _OPTION.search(message)
        if option is None and _C23.search(message):
            self._like_c23 += 1
            if "; expected 0" in message and self.c23 is None:
                self.c23 = statement
        elif option is None:
            self.other += 1
        elif option[1]:
            self.treated.setdefault(option[2], statement)
        elif option[2] not in _LENIENT or _PYTHONS.search(message):
            self.other += 1
        else:
            self.lenient.setdefault(option[2], statement)

    def rungs(self) -> Iterator[Remedy]:
        """What to try; nothing where some error would stay one."""
        if self.commons:
            yield Remedy(name="common-symbols", reason=shown(self.commons), cflags=("-fcommon",))
        if self.fortran:
            # numpy.distutils takes FFLAGS *instead of* its own options: its -fPIC and -O2 come too.
            yield Remedy(
                name="fortran-argument-mismatch",
                reason=shown(self.fortran),
                fflags=("-fallow-argument-mismatch", "-fPIC", "-O2"),
            )
        if self.fixed_width:
            # Other errors follow from it. Old setuptools compiles C++ with CFLAGS: there the header
            # that C has as well.
            yield Remedy(
                name="include-stdint",
                reason=shown(self.fixed_width),
                cflags=("-include stdint.h",),
                cxxflags=("-include cstdint",),
            )
        if self.other or (self._like_c23 and not self.c23):
            return
        if self.c23:
            yield Remedy(name="c-standard-gnu17", reason=shown(self.c23), cflags=("-std=gnu17",))
        if self.lenient:
            yield self._lenient()
        if self.treated and self.treats_all:
            yield self._treated()

    def _lenient(self) -> Remedy:
        names = sorted(self.lenient)
        return Remedy(
            name=f"no-error-{'+'.join(names)}",
            reason=shown(next(iter(self.lenient.values()))),
            cflags=tuple(f"-Wno-error={name}" for name in names),
        )

    def _treated(self) -> Remedy:
        """The package's own ``-Werror`` may stand behind ours, where ``-Wno-error`` alone is undone."""
        names = sorted(self.treated)
        options = ("-Wno-error", *(f"-Wno-error={name}" for name in names))
        return Remedy(
            name=f"no-werror-{'+'.join(names)}"[:200],
            reason=shown(next(iter(self.treated.values()))),
            cflags=options,
            cxxflags=options,
        )
