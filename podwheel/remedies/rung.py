"""A kind of message, and what to try for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel.remedies.remedy import Remedy
from podwheel.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from podwheel.syslibs.logtext import Statement

    Rungs = Callable[[re.Match[str], Statement, "Scene"], Iterable[Remedy]]

_SHOWN: Final = 240

AS_OF_UPLOAD: Final = "build-requirements-as-of-upload"
"""The name of that rung: a log that asks for it in several ways asks once, after all others."""

FIRST_WITHOUT_DISTUTILS: Final = (3, 12)
"""Python 3.12 has no ``distutils`` (PEP 632), and no ``pkgutil.ImpImporter``."""
SETUPTOOLS_FOR_312: Final = "setuptools>=66.1"
"""The first that works without them."""


@frozen(kw_only=True)
class Scene:
    """Where a message was said."""

    python: tuple[int, int]
    """The target's."""
    projects: Mapping[str, str]
    """Importable top-level names, with the project that each comes from: what is known for sure."""


@frozen(kw_only=True)
class Rule:
    """A kind of message. Its pattern starts with a literal, and repeats within bounds: linear time."""

    needle: str
    """A literal that every such message has: most lines are done with by looking for it."""
    pattern: re.Pattern[str]
    rungs: Rungs
    """What to try, the likeliest first."""


def rule(needle: str, pattern: str, rungs: Rungs) -> Rule:
    """A `Rule` of *pattern*, matched line by line."""
    return Rule(needle=needle, pattern=re.compile(pattern, re.MULTILINE), rungs=rungs)


def shown(statement: Statement) -> str:
    """The line to show; of a wrapped message the first paragraph too."""
    paragraph = statement.text.partition("\n")[2].partition("\n")[0]
    return plain(f"{statement.first} {paragraph}".strip())[:_SHOWN]


def as_of_upload(statement: Statement) -> Remedy:
    """The build requirements of the package's own time: the last rung of what changed under it."""
    return Remedy(name=AS_OF_UPLOAD, reason=shown(statement), as_of_upload=True)


def below(project: str, version: str, statement: Statement, scene: Scene) -> Iterator[Remedy]:
    """A cap, and then all of the package's own time; nothing where no version below it can run."""
    too_old = project == "setuptools" and Version(version) <= Version("66.1")
    if too_old and scene.python >= FIRST_WITHOUT_DISTUTILS:
        return
    yield Remedy(
        name=f"{project}-below-{version}",
        reason=shown(statement),
        build_constraints=(f"{project}<{version}",),
    )
    yield as_of_upload(statement)


def instead(requirement: str, statement: Statement) -> Remedy:
    """*requirement* (``name>=version``) in the place of what the package declares."""
    name = requirement.replace(">=", "-from-")
    return Remedy(name=name, reason=shown(statement), overrides=(requirement,))


def requiring(text: str, statement: Statement) -> Iterator[Remedy]:
    """A build requirement more; nothing if *text*, which may be of a log, is none by name."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return
    if requirement.url is None and len(text) <= _SHOWN:
        name = f"requires-{canonicalize_name(requirement.name)}{requirement.specifier}"
        yield Remedy(name=name, reason=shown(statement), build_requires=(str(requirement),))
