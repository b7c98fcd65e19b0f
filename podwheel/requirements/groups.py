"""``--group``: dependency groups of a pyproject.toml (PEP 735)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.dependency_groups import DependencyGroupInclude, DependencyGroupResolver

from podwheel import strangers
from podwheel.model import Origin, Wanted
from podwheel.requirements import urls
from podwheel.requirements.lines import decode, load
from podwheel.requirements.problems import mask, problem
from podwheel.requirements.specifier import Asked, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def parse_toml(text: str, origin: Origin) -> Mapping[str, Any]:
    """The document that *text* is.

    Raises:
        RequirementsFileError: It is no TOML.
    """
    try:
        return strangers.toml(text)
    except ValueError as error:
        raise problem(origin, f"is not TOML: {error}") from None


def read_group(source: str, name: str, *, cwd: Path) -> tuple[Wanted, ...]:
    """What the group *name* of the pyproject.toml *source* wants, included groups in their place.

    Each origin names the file and the group, and an included group's its includer.

    Raises:
        RequirementsFileError: No such file or group, a cycle, or an entry that is no requirement.
    """
    origin = Origin(source=source)
    document = parse_toml(decode(load(urls.absolute(source, cwd), origin), origin), origin)
    groups = document.get("dependency-groups")
    if not isinstance(groups, dict):
        why = "has no [dependency-groups] table"
        raise problem(
            origin, why, hint="its syntax is in PEP 735: [dependency-groups] NAME = [...]"
        )
    try:
        resolver = DependencyGroupResolver(groups)
        resolver.resolve(name)  # all that can be wrong is said here, cycles included
    except ExceptionGroup as error:
        reasons = "; ".join(str(e).partition("\n")[0] for e in error.exceptions)
        known = ", ".join(sorted(groups)) or "none"
        raise problem(
            origin, f"group {name!r}: {mask(reasons)}", hint=f"its groups: {known}"
        ) from None
    return tuple(_walk(resolver, source, name, None, cwd))


def _walk(
    resolver: DependencyGroupResolver, source: str, name: str, parent: Origin | None, cwd: Path
) -> Iterator[Wanted]:
    origin = Origin(source=f"{source} group {name}", parent=parent)
    for item in resolver.lookup(name):
        if isinstance(item, DependencyGroupInclude):
            yield from _walk(resolver, source, item.include_group, origin, cwd)
        else:
            text = str(item)
            yield parse(Asked(text=text, shown=mask(text), origin=origin), cwd)
