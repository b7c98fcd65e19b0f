"""A remedy: what the next attempt is given beside what the package asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, fields, frozen
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

FLAGS: Final = {"cflags": "CFLAGS", "cxxflags": "CXXFLAGS", "fflags": "FFLAGS"}
"""A remedy's fields of compiler options, and the variable to whose value each is appended."""

NEWER: Final = "newer"


@frozen(kw_only=True)
class Remedy:
    """One rung of the ladder. Everything but its name and reason is empty by default."""

    name: str
    """Stable, for the record: ``setuptools-below-82``."""
    reason: str
    """The line of the log that it answers, harmless to show."""
    build_requires: tuple[str, ...] = ()
    """Requirements beside those that the package declares."""
    build_constraints: tuple[str, ...] = ()
    """Bounds for what the build requires."""
    overrides: tuple[str, ...] = ()
    """Requirements that take the place of what the package declares for the same project: it asks
    for a version that cannot run on the target's Python, so a constraint would only contradict it."""
    as_of_upload: bool = False
    """The newest build requirements as of the sdist's upload (see `dates.as_of`)."""
    environment: tuple[tuple[str, str], ...] = ()
    cflags: tuple[str, ...] = ()
    """Options for C. They go behind all others of CFLAGS: what comes last wins."""
    cxxflags: tuple[str, ...] = ()
    fflags: tuple[str, ...] = ()
    rust: str = ""
    """The least version of rustc; `NEWER`: than the one that failed."""

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads; fields that say nothing are left out."""
        return asdict(self, filter=lambda _, value: bool(value))

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Remedy:
        """The remedy that `to_json` wrote; keys of a newer podwheel are passed over.

        Raises:
            KeyError, TypeError: It is none.
        """
        known = {f.name: written[f.name] for f in fields(cls) if f.name in written}
        known |= {"name": written["name"], "reason": written["reason"]}
        return cls(**{key: _tuples(value) for key, value in known.items()})

    def flags(self) -> tuple[tuple[str, str], ...]:
        """Its compiler options by the variable that they are appended to."""
        found = ((variable, " ".join(getattr(self, name))) for name, variable in FLAGS.items())
        return tuple((variable, options) for variable, options in found if options)


def together(remedies: Iterable[Remedy]) -> Remedy:
    """All of *remedies* as one, in their order: a project that was broken in two ways needs both.

    Each part is kept once; of a variable that two set, the later value counts, and of a project
    that two override, the later requirement.
    """
    given = tuple(remedies)
    return Remedy(
        name=" + ".join(r.name for r in given),
        reason="; ".join(dict.fromkeys(r.reason for r in given)),
        build_requires=_joined(r.build_requires for r in given),
        build_constraints=_joined(r.build_constraints for r in given),
        overrides=_joined(r.overrides for r in given),
        as_of_upload=any(r.as_of_upload for r in given),
        environment=tuple(dict(pair for r in given for pair in r.environment).items()),
        cflags=_joined(r.cflags for r in given),
        cxxflags=_joined(r.cxxflags for r in given),
        fflags=_joined(r.fflags for r in given),
        rust=max((r.rust for r in given if r.rust), key=Version, default=""),
    )


def _joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for part in parts for one in part))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value
