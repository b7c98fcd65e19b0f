"""The ladder for old packages: the next remedy for what a log says."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from podwheel.remedies import (
    messages_python,
    messages_setuptools,
    messages_tools,
)
from podwheel.remedies.messages_compilers import CompilerLog
from podwheel.remedies.rung import Scene, as_of_upload
from podwheel.syslibs.logtext import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from podwheel.remedies.remedy import Remedy
    from podwheel.remedies.rung import Rule
    from podwheel.syslibs.logtext import Statement

MOST: Final = 6
"""Rungs that are tried for one project."""

_RULES: Final[tuple[Rule, ...]] = (
    *messages_python.RULES,
    *messages_setuptools.RULES,
    *messages_tools.RULES,
)
_MOST_FOUND: Final = 40

_RAISED: Final = re.compile(
    r"^(?:[A-Za-z_][\w.]{0,100}\.)?([A-Z]\w{0,60}(?:Error|Exception))(?::|$)"
)
_SCRIPT: Final = re.compile(r"^<string>$|(?:^|/)setup\.py$")
"""A setup script; setuptools runs it from a string."""
_DRIFT: Final = frozenset(("AttributeError", "DistutilsSetupError", "ImportError", "TypeError"))
"""What a script gets where a tool is not as it knows it. Others it raises itself."""
_TOOLS: Final = re.compile(
    r"/site-packages/(?:setuptools|pkg_resources|_distutils_hack|wheel|Cython|numpy/distutils|skbuild|scikit_build_core|mesonpy"
    r"|mesonbuild|hatchling|flit_core|poetry|pdm|setuptools_\w{1,30}|pbr|versioneer|cffi|pybind11|packaging|vcs_versioning|sipbuild)(?:/|\.py$)"
)
"""Frames of the build tools that change under a package."""
_STDLIB: Final = "|".join(sorted(sys.stdlib_module_names - {"distutils"}))
_NOT_THEIRS: Final = re.compile(
    r"^[\w.]{0,100}?(?:Compile|Link|Lib|Exec|CalledProcess|Timeout|Timed|URL|HTTP|SSL|Connection|Resolution|FileNotFound|Permission|Memory"
    r"|Recursion|Syntax|Indentation|Key|Decode|Encode|ModuleNotFound|Assertion)Error\b|Command '?\["
    rf"|module '(?:{_STDLIB})\b|import name '\w{{1,80}}' from '(?:{_STDLIB}|distutils|setuptools|wheel)\b|setup command: |use_2to3"
)
"""What a compiler, the network or the source brought about, or Python that lost something: other
build tools change nothing of it. What setuptools refuses, and what it lost, has rules of its own."""


def remedies_for(
    text: str,
    *,
    tried: Collection[str],
    python: tuple[int, int],
    known_projects: Mapping[str, str] | None = None,
) -> Remedy | None:
    """The next rung for what the log of a failed attempt says.

    Args:
        text: The log, or a part of it; hostile, of any length.
        tried: Names of the rungs that this project was tried with: none is proposed again, and
            after `MOST` of them nothing is.
        python: The target's Python, ``(3, 13)``.
        known_projects: Importable top-level names, with the projects that they come from, of the
            runtime tree: what a setup script imports undeclared is brought only from here.

    Returns:
        A remedy for the next attempt, beside those that were tried before (`together`); None: the
        log speaks of nothing that is known to help.
    """
    if len(tried) >= MOST:
        return None
    scene = Scene(python=python, projects=known_projects or {})
    return next((r for r in _ladder(text, scene) if r.name not in tried), None)


def _ladder(text: str, scene: Scene) -> Iterator[Remedy]:
    """All rungs, in the order in which to try them: the first of every message, then the second…"""
    found: list[tuple[Remedy, ...]] = []
    compilers = CompilerLog()
    for statement in statements(text):
        compilers.add(statement)
        if len(found) < _MOST_FOUND:
            found += [rungs for rule in _RULES if (rungs := _rungs(rule, statement, scene))]
            if _of_the_tools(statement):
                found.append((as_of_upload(statement),))
    found += [(remedy,) for remedy in compilers.rungs()]
    ranks = range(max(map(len, found), default=0))
    ordered = [remedy for rank in ranks for rungs in found for remedy in rungs[rank : rank + 1]]
    # What brings all requirements of another time is the last, whoever asks for it.
    yield from sorted(ordered, key=lambda remedy: remedy.as_of_upload)


def _rungs(rule: Rule, statement: Statement, scene: Scene) -> tuple[Remedy, ...]:
    if rule.needle not in statement.text:
        return ()
    match = rule.pattern.search(statement.text)
    return tuple(rule.rungs(match, statement, scene)) if match else ()


def _of_the_tools(statement: Statement) -> bool:
    """Whether a traceback ends here whose exception is of a build tool, or of a script that uses one."""
    raised = _RAISED.match(statement.text)
    if raised is None or statement.frame is None or _NOT_THEIRS.search(statement.text):
        return False
    if _SCRIPT.search(statement.frame):
        return raised[1] in _DRIFT
    return bool(_TOOLS.search(statement.frame))
