"""What only a person can decide: lines for the error where no remedy is left."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from podwheel.syslibs.logtext import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from podwheel.syslibs.logtext import Statement

_MOST: Final = 4
_MODULE: Final = re.compile(
    r"^(?:ModuleNotFoundError|ImportError): No module named ('?)([A-Za-z_]\w{0,80})"
)
_API: Final = re.compile(
    r": error: (?:implicit declaration of function '(_?Py[A-Z_]\w{1,60})'|'(_?Py[A-Z_]\w{1,60})' was not declared"
    r"|'(?:_?Py\w{1,60}|struct _\w{1,40})'(?: \{[^}]{1,80}\})? has no member named '(\w{1,60})'"
    r"|too (?:few|many) arguments to function '(_?Py[A-Z_]\w{1,60})')"
)
_OWN_HEADER: Final = re.compile(
    r"fatal error: (graminit|longintrepr|parsetok|pyarena|pystrhex)\.h: No such file"
)
"""Headers that older Pythons had in their own directory."""
_ATTRIBUTE: Final = re.compile(
    r"^(?:AttributeError: module '(\w{1,60})[\w.]{0,60}' has no attribute '(\w{1,60})'"
    r"|ImportError: cannot import name '(\w{1,60})' from '(\w{1,60})[\w.]{0,60}')"
)
_NUMPY: Final = re.compile(
    r"'PyArray_Descr'(?: \{[^}]{1,80}\})? has no member named|was removed in the NumPy 2\.0 release|_PyArray_Descr"
)
_OLD_SOURCE: Final = "take a newer release of it, a target with an older Python, or a patch"


def hints_for(text: str, project: str, *, python: tuple[int, int]) -> tuple[str, ...]:
    """What to try by hand, for a failure that no remedy answers.

    Args:
        text: The log, or a part of it; hostile, of any length.
        project: The project that failed, by any spelling of its name.
        python: The target's Python.

    Returns:
        At most a few, harmless to show, each one cause, some of several lines; empty where
        nothing is recognised.
    """
    hints: dict[str, None] = {}
    seen: set[Callable[..., str | None]] = set()
    for statement in statements(text):
        for kind in _KINDS:
            if kind not in seen and (hint := kind(statement, canonicalize_name(project), python)):
                seen.add(kind)
                hints.setdefault(hint)
        if len(hints) >= _MOST:
            break
    return tuple(hints)[:_MOST]


def _undeclared(statement: Statement, project: str, python: tuple[int, int]) -> str | None:
    found = _MODULE.match(statement.text)
    if not found or found[2] in ("distutils", "pkg_resources"):
        return None
    quoted, name = found.groups()
    if name in sys.stdlib_module_names or name in ("imp", "asyncore", "asynchat", "smtpd"):
        return _gone_from_python(f"the module {name}", python)
    # Python 2 quotes nothing, and names the whole path where only its beginning is absent.
    if quoted and "numpy.distutils" in statement.text:
        return None
    return (
        f"it imports {name} and does not declare it. If that is the name of the project that has the module, "
        "name it among the requirements, or in podwheel.toml:\n"
        f"  [package.{project}]\n"
        f'  build-requires = ["{name}"]'
    )


def _gone_from_python(what: str, python: tuple[int, int]) -> str:
    return f"Python {python[0]}.{python[1]} no longer has {what} that its build uses: {_OLD_SOURCE}"


def _attribute(statement: Statement, _: str, python: tuple[int, int]) -> str | None:
    found = _ATTRIBUTE.match(statement.text)
    if not found:
        return None
    module, name = (found[1], found[2]) if found[1] else (found[4], found[3])
    if module not in sys.stdlib_module_names or module == "distutils":
        return None
    return _gone_from_python(f"{module}.{name}", python)


def _c_api(statement: Statement, _: str, python: tuple[int, int]) -> str | None:
    if found := _API.search(statement.text):
        name = next(group for group in found.groups() if group)
    elif found := _OWN_HEADER.search(statement.text):
        name = f"{found[1]}.h"
    else:
        return None
    return (
        f"its C code is written for, or was generated for, an older Python than {python[0]}.{python[1]} "
        f"({name}): {_OLD_SOURCE}"
    )


def _numpy_distutils(statement: Statement, _: str, python: tuple[int, int]) -> str | None:
    if "No module named 'numpy.distutils" not in statement.text or python < (3, 12):
        return None
    return f"no NumPy for Python 3.12 and later has numpy.distutils: {_OLD_SOURCE}"


def _use_2to3(statement: Statement, _: str, python: tuple[int, int]) -> str | None:
    if "setup command: use_2to3 is invalid" not in statement.text or python < (3, 12):
        return None
    return (
        "its source is Python 2, for setuptools before 58 to translate; those do not run on Python "
        f"{python[0]}.{python[1]}: {_OLD_SOURCE}"
    )


def _numpy_2(statement: Statement, project: str, _: tuple[int, int]) -> str | None:
    if not _NUMPY.search(statement.text):
        return None
    return (
        f'it is written for NumPy 1: [package.{project}] build-constraints = ["numpy<2"] in podwheel.toml, and '
        "numpy<2 in the requirements too, for it runs only with the NumPy that it was built for"
    )


_KINDS: Final[tuple[Callable[[Statement, str, tuple[int, int]], str | None], ...]] = (
    _undeclared,
    _attribute,
    _c_api,
    _numpy_distutils,
    _use_2to3,
    _numpy_2,
)
