"""Messages of Python: a module that is gone, or that nobody declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from podwheel.remedies.remedy import Remedy
from podwheel.remedies.rung import (
    FIRST_WITHOUT_DISTUTILS,
    SETUPTOOLS_FOR_312,
    Rule,
    as_of_upload,
    below,
    instead,
    requiring,
    rule,
    shown,
)
from podwheel.remedies.tools import MODULES, REVIVED

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from podwheel.remedies.rung import Scene
    from podwheel.syslibs.logtext import Statement

_GONE: Final = {
    "distutils.command.bdist_msi": ("setuptools", "65"),
    "distutils.command.bdist_wininst": ("setuptools", "65"),
    "setuptools.dep_util": ("setuptools", "70"),
    "setuptools.extern": ("setuptools", "71"),
    "distutils.msvc9compiler": ("setuptools", "74"),
    "distutils.msvccompiler": ("setuptools", "74"),
    "distutils.bcppcompiler": ("setuptools", "75"),
    "distutils.command.register": ("setuptools", "75"),
    "distutils.command.upload": ("setuptools", "75"),
    "distutils.config": ("setuptools", "75"),
    "setuptools.command.register": ("setuptools", "75"),
    "setuptools.command.upload": ("setuptools", "75"),
    "setuptools.command.upload_docs": ("setuptools", "75"),
    "setuptools.package_index": ("setuptools", "80"),
    "setuptools.sandbox": ("setuptools", "80"),
    "pkg_resources": ("setuptools", "82"),
    "wheel.pep425tags": ("wheel", "0.35"),
    "wheel.cli": ("wheel", "0.46"),
    "wheel.util": ("wheel", "0.46"),
    "wheel.vendored": ("wheel", "0.46"),
}
"""Modules of the build tools themselves, and the first version without each (read from the wheels)."""

_RUNS_SETUPTOOLS: Final = ("/setuptools/", "/pkg_resources/", "/_distutils_hack/")


def _in_setuptools(statement: Statement) -> bool:
    """Whether setuptools itself failed, not what it runs."""
    return any(part in (statement.frame or "") for part in _RUNS_SETUPTOOLS)


def _no_module(match: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    name = match[1]
    if f"'{name}'" not in match[0]:
        yield from _no_module_of_python_2(name, statement, scene)
        return
    if name.startswith("numpy.distutils"):
        return
    if _in_setuptools(statement) and name.split(".")[0] in ("distutils", "imp", "lib2to3"):
        yield instead(SETUPTOOLS_FOR_312, statement)
    elif gone := _gone(name):
        yield from below(*gone, statement, scene)
    elif name.split(".")[0] == "distutils":
        yield from _distutils(statement, scene)
    else:
        yield from _undeclared(name, statement, scene)


def _no_module_of_python_2(name: str, statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """Python 2 names the whole path where only its beginning is absent."""
    top = name.split(".", maxsplit=1)[0]
    yield from _undeclared(top, statement, scene)


def _gone(name: str) -> tuple[str, str] | None:
    parts = name.split(".")
    ancestors = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((_GONE[a] for a in ancestors if a in _GONE), None)


def _distutils(statement: Statement, scene: Scene) -> Iterator[Remedy]:
    if scene.python >= FIRST_WITHOUT_DISTUTILS:
        yield from requiring("setuptools", statement)
        yield instead(SETUPTOOLS_FOR_312, statement)


def _undeclared(name: str, statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """A module's name is not a project's: only what is known for sure is brought."""
    top = name.split(".", maxsplit=1)[0]
    revived = REVIVED.get(name)
    if revived and scene.python >= revived[0]:
        yield from requiring(revived[1], statement)
    elif name == top and (project := MODULES.get(top) or scene.projects.get(top)):
        yield from requiring(project, statement)


def _cannot_import(match: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """``from distutils import msvccompiler`` says a module's absence in these words."""
    if match[2] == "setuptools" and match[1] == "Feature":
        # Gone in 46; the pyparsing inside 45 is broken by Python 3.10 (collections.MutableMapping).
        if scene.python < (3, 10):
            yield from below("setuptools", "46", statement, scene)
    elif gone := _gone(f"{match[2]}.{match[1]}"):
        yield from below(*gone, statement, scene)
    else:
        yield as_of_upload(statement)


def _no_attribute(match: re.Match[str], statement: Statement, _: Scene) -> Iterator[Remedy]:
    """A module of Python's lost what an old setuptools takes for granted."""
    if match[2] == "ImpImporter" or _in_setuptools(statement):
        yield instead(SETUPTOOLS_FOR_312, statement)


def _pip_inside(match: re.Match[str], statement: Statement, _: Scene) -> Iterable[Remedy]:
    """A build that calls pip: the requirement is pip's argument, so no name is guessed."""
    return requiring(match[1], statement)


def _numpy_distutils(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """Only a NumPy of the package's own time has it, and none that runs on Python 3.12."""
    if scene.python < FIRST_WITHOUT_DISTUTILS:
        yield as_of_upload(statement)


def _wants_stdlib(_: re.Match[str], statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """``install_layout`` is in the distutils of Debian's Python, and in no other."""
    if scene.python < FIRST_WITHOUT_DISTUTILS:
        yield Remedy(
            name="distutils-of-the-system",
            reason=shown(statement),
            environment=(("SETUPTOOLS_USE_DISTUTILS", "stdlib"),),
        )


RULES: Final[tuple[Rule, ...]] = (
    rule("numpy.distutils", r"^\w{1,30}Error: No module named 'numpy\.distutils[\w.]{0,60}'", _numpy_distutils),
    rule("No module named", r"^(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_][\w.]{0,100})'?", _no_module),
    rule("cannot import name", r"^ImportError: cannot import name '(\w{1,80})' from '(distutils[\w.]{0,60}|setuptools[\w.]{0,60}|wheel[\w.]{0,60})'",
         _cannot_import),
    rule("has no attribute", r"^AttributeError: module '([\w.]{1,60})' has no attribute '(\w{1,60})'", _no_attribute),
    rule("install_layout", r"^AttributeError: .{0,60}\binstall_layout\b", _wants_stdlib),
    rule("satisfies the requirement", r"^ERROR: Could not find a version that satisfies the requirement (\S[^\n(]{0,100}?) \(from versions: none\)", _pip_inside),
)  # fmt: skip
