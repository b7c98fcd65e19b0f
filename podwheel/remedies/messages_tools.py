"""Messages of the other build tools: Cython, CMake, Meson, Ninja, SWIG, Go, Node, PyO3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from podwheel.remedies.remedy import NEWER, Remedy
from podwheel.remedies.rung import Rule, below, requiring, rule, shown
from podwheel.remedies.tools import newer

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from podwheel.remedies.rung import Rungs, Scene
    from podwheel.syslibs.logtext import Statement

_VERSION: Final = r"(\d[\d.]{0,20})"
_RUSTC: Final = r"\d{1,3}\.\d{1,4}(?:\.\d{1,4})?"
_PYX: Final = r"^[^\s:]{1,200}\.(?:pyx|pxd|pxi|py):\d{1,7}:\d{1,5}: "


def _cython(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """Cython 3 refuses what 0.29 took; 3.1 dropped Python 2's names, which 3.0 still knows.

    What 0.29 writes does not compile for Python 3.13 (``_PyLong_AsByteArray`` got an argument), but
    a package may use little enough of it.
    """
    versions = ("3.1", "3") if scene.python >= (3, 13) else ("3",)
    for version in versions:
        yield from below("cython", version, statement, scene)


def _cython_build_ext(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """Cython 3 gave its ``build_ext`` another shape; 3.0 has it already."""
    yield from below("cython", "3", statement, scene)


def _policy(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    yield Remedy(
        name="cmake-policy-version-minimum-3.5",
        reason=shown(statement),
        environment=(("CMAKE_POLICY_VERSION_MINIMUM", "3.5"),),
    )
    yield from below("cmake", "4", statement, scene)


def _newer(program: str) -> Rungs:
    def rungs(match: re.Match[str], statement: Statement, _: Scene) -> Iterator[Remedy]:
        if requirement := newer(program, match[1].strip(".")):
            yield from requiring(requirement, statement)

    return rungs


def _named(match: re.Match[str], statement: Statement, _: Scene) -> Iterator[Remedy]:
    if requirement := newer(match["name"], match["minimum"].strip(".")):
        yield from requiring(requirement, statement)


def _newer_rust(_: re.Match[str], statement: Statement, __: Scene) -> Iterator[Remedy]:
    """What is unstable in one rustc is stable in a later one, for a crate that says no `rust-version`."""
    yield Remedy(name="newer-rust", reason=shown(statement), rust=NEWER)


def _least_rust(match: re.Match[str], statement: Statement, _: Scene) -> Iterator[Remedy]:
    version = match["minimum"].strip(".")
    yield Remedy(name=f"rust-from-{version}", reason=shown(statement), rust=version)


def _abi3(_: re.Match[str], statement: Statement, __: Scene) -> Iterator[Remedy]:
    yield Remedy(
        name="pyo3-abi3-forward-compatibility",
        reason=shown(statement),
        environment=(("PYO3_USE_ABI3_FORWARD_COMPATIBILITY", "1"),),
    )


_CYTHON: Final = (
    rule("undeclared name", rf"{_PYX}undeclared name not builtin: (?:long|unicode|basestring|xrange|unichr|file|reduce)\b", _cython),
    rule("Cannot assign type", rf"{_PYX}Cannot assign type .{{1,400}}(?:noexcept|Exception values are incompatible)", _cython),
    rule("type identifier", rf"{_PYX}'\w{{1,60}}' is not a type identifier", _cython),
    rule("Compiler crash", r"Compiler crash in \w", _cython),
    # distutils of Python 2 names the attribute alone
    rule("cython_sources", r"^AttributeError: (?:.{0,60}has no attribute ')?cython_sources\b", _cython_build_ext),
    rule("Cython.Compiler.Errors", r"^Cython\.Compiler\.Errors\.(?:CompileError|InternalError): ", _cython),
)  # fmt: skip

_RUST: Final = (
    rule("requires rustc", rf"requires rustc (?P<minimum>{_RUSTC})", _least_rust),
    rule("edition20", r"feature `edition20\d\d` is required", _newer_rust),
    rule("E0658", r"^error\[E0658\]: ", _newer_rust),
)  # fmt: skip

_TOO_OLD: Final = (
    rule("has been removed from CMake", r"Compatibility with CMake < [\d.]{1,8} has been removed from CMake", _policy),
    rule("or higher is required", rf"CMake {_VERSION} or higher is required\.\s{{1,4}}You are running version", _newer("cmake")),
    rule("Meson version is", rf"ERROR: Meson version is \S{{1,30}} but project requires >=? ?{_VERSION}", _newer("meson")),
    rule("ninja_required_version", rf"ninja_required_version version \({_VERSION}\)", _newer("ninja")),
    rule("requires go", rf"^go: \S{{1,200}} requires go >= {_VERSION} \(running go", _newer("go")),
    rule("Found unsuitable version", r"Could NOT find (?P<name>SWIG|Ninja|Protoc|Node): Found unsuitable version \"[^\n]{1,400}?"
         r"(?:required is at least|Required is at least version) \"(?P<minimum>\d[\d.]{0,20})\"", _named),
    rule("found: NO found", r"^Program (?P<name>swig|ninja|protoc|node|cmake) found: NO found '?\d\S{0,20} but need: '>=? ?(?P<minimum>\d[\d.]{0,20})'", _named),
    rule("is incompatible with this module", r"The engine \"(?P<name>node)\" is incompatible with this module\. Expected version \"(?:>=|\^) ?"
         r"(?P<minimum>\d[\d.]{0,20})\"", _named),
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (
    *_CYTHON,
    *_TOO_OLD,
    *_RUST,
    rule("newer than PyO3", r"Python interpreter version \([\d.]{1,8}\) is newer than PyO3's maximum supported version", _abi3),
)  # fmt: skip
