"""Requirements, specifiers, versions and TOML that a stranger wrote: a package, its backend, an index.

`packaging` checks the grammar, and trusts the size: a number of five thousand digits is a plain
ValueError where it is first compared, and nested parentheses a RecursionError. Both end here, as
the errors that every caller of `packaging` expects.
"""

from __future__ import annotations

import tomllib
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

LONGEST: Final = 4000
"""Characters. Python reads no number of more than 4300 digits (sys.int_info)."""
_DEEPEST: Final = 50
"""Parentheses of a marker; each costs the parser several frames."""


def requirement(text: str) -> Requirement:
    """What PEP 508 says of *text*.

    Raises:
        InvalidRequirement: It is none, or absurd.
    """
    if len(text) > LONGEST:
        raise InvalidRequirement(f"{text[:60]!r}… has {len(text)} characters")
    if text.count("(") > _DEEPEST:
        raise InvalidRequirement(f"{text[:60]!r}… has {text.count('(')} parentheses")
    try:
        return Requirement(text)
    except SystemError:  # ast.literal_eval in two threads, before Python 3.11.5 (gh-106905)
        return Requirement(text)


def specifiers(text: str) -> SpecifierSet:
    """What PEP 440 says of *text*.

    Raises:
        InvalidSpecifier: It is none, or absurd.
    """
    if len(text) > LONGEST:
        raise InvalidSpecifier(f"{text[:60]!r}… has {len(text)} characters")
    return SpecifierSet(text)


def version(text: str) -> Version:
    """What PEP 440 says of *text*.

    Raises:
        InvalidVersion: It is none, or absurd.
    """
    if len(text) > LONGEST:
        raise InvalidVersion(f"{text[:60]!r}… has {len(text)} characters")
    return Version(text)


def toml(text: str) -> dict[str, Any]:
    """The document that *text* is.

    Raises:
        ValueError: It is no TOML, nested too deep, or has a number that Python does not read.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
