"""What a distribution imports and does not require: with an extra only, or where it was built with it.

A setup script of former days requires a project where it cannot import it, and only there. Its build
has it, or could not be done; so the wheel requires nothing, and fails without it. That is no
dependency that was forgotten, and the same set of wheels has it: the import is tried again beside
it, which is told and recorded. What a wheel was *not* built with stays missed.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from packaging.utils import canonicalize_name

from podwheel import log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from podwheel.model import Wheel
    from podwheel.prove.verdict import Imported

    BuiltWith = Mapping[NormalizedName, frozenset[NormalizedName]]
    """For a distribution, the names of others."""

NOTHING: Final[BuiltWith] = MappingProxyType({})

_ABSENT: Final = re.compile(
    r"(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z0-9_]+)"
)
"""Python 2 quotes nothing."""


def absent_module(said: str) -> str | None:
    """The top-level module that an import failed for want of; None: it failed for another reason."""
    found = _ABSENT.search(said)
    return found[1] if found else None


def for_an_extra(imported: Imported, wheel: Wheel) -> bool:
    """Whether a module failed for want of what the wheel requires with an extra only: an optional part
    beside others that work, which a namespace package has as a module of its own."""
    absent = absent_module(imported.said)
    if absent is None:
        return False
    name = canonicalize_name(absent)
    markers = [r.marker for r in wheel.metadata.requires if canonicalize_name(r.name) == name]
    return bool(markers) and all(marker and "extra" in str(marker) for marker in markers)


def undeclared(
    wheels: Sequence[Wheel],
    found: Mapping[str, Mapping[str, Any]],
    built_with: BuiltWith,
    beside: BuiltWith,
) -> dict[NormalizedName, frozenset[NormalizedName]]:
    """What to try again, and beside what.

    Args:
        wheels: The whole set.
        found: By distribution, what a container said of its imports.
        built_with: What was in the environments that they were built in.
        beside: What they have had already.

    Returns:
        Only distributions for which that is more than before.
    """
    more = {}
    for wheel in wheels:
        candidates = [w for w in wheels if w.name in built_with.get(wheel.name, ())]
        wanted = _wanted(found.get(wheel.name, {}))
        names = frozenset(w.name for w in candidates if wanted & _top_level(w))
        if added := names - beside.get(wheel.name, frozenset()) - {wheel.name}:
            log.get().info("verify.undeclared", title=str(wheel.name), beside=sorted(added))
            more[wheel.name] = names | beside.get(wheel.name, frozenset())
    return more


def _wanted(found: Mapping[str, Any]) -> set[str]:
    """The absent modules that a container speaks of; hostile data, so only strings of the right place."""
    results = found.get("modules")
    said = (
        (r.get("said") for r in results if isinstance(r, dict)) if isinstance(results, list) else ()
    )
    return {name for text in said if isinstance(text, str) and (name := absent_module(text))}


def _top_level(wheel: Wheel) -> set[str]:
    return {module.partition(".")[0] for module in wheel.modules}
