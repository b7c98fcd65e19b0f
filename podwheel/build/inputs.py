"""What a step has beside its source and its environment: crates, toolchains, declared downloads.

Each is named by its hash before it is brought here: a step that the store knows needs none of its
bytes. They are mounted read-only, and put where the build expects them (guest/unpack.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field, frozen

from podwheel.index.once import Once
from podwheel.sandbox.job import Mount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel.build.project import Project

BUILD = "/build"
"""The container's own directory, where builds may write."""


@frozen(kw_only=True)
class Placement:
    """A mounted file that is copied, or unpacked, to where the build can write."""

    source: str
    """Its path in the container."""
    to: str
    """Relative to `base`."""
    base: Literal["source", "top", "build"] = "source"
    """The project's root; the archive's, where the project is in a subdirectory; or `BUILD`."""
    unpack: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the guest's ``unpack`` takes it."""
        return {"from": self.source, "to": self.to, "base": self.base, "unpack": self.unpack}


@frozen(kw_only=True)
class Input:
    """A file or directory of the host's that one project's steps read."""

    kind: Literal["crates", "toolchain", "fetch", "lock"]
    name: str
    """For people: ``rust 1.95.0``, ``46 crates``, a URL."""
    digest: str
    """Of its content: sha256 (hex), or ``git:<commit>``."""
    target: str
    """Where it is mounted, below ``/podwheel``."""
    places: tuple[Placement, ...] = ()
    reason: str = ""
    """Who asked for it."""

    @property
    def identity(self) -> tuple[str, str]:
        """Its part in a step's identity: where it is found, and what it is."""
        where = [self.target, *(f"{p.base}:{p.to}{' unpacked' * p.unpack}" for p in self.places)]
        return (f"{self.kind} {' '.join(where)}", self.digest)


@define(kw_only=True, eq=False)
class Inputs:
    """Brings the inputs of one run's projects, each once."""

    _offered: dict[str, Once[Path]] = field(factory=dict, init=False)

    def offer(self, one: Input, bring: Callable[[], Path]) -> Input:
        """Say how *one* is brought when a container needs it; the same digest is brought once."""
        self._offered.setdefault(one.digest, Once(bring))
        return one

    def mounts(self, project: Project) -> tuple[Mount, ...]:
        """Bring what the project needs (in the caller's thread).

        Raises:
            PodwheelError: It cannot be had.
        """
        return tuple(
            Mount(source=self._offered[one.digest].get(), target=one.target)
            for one in project.inputs
        )
