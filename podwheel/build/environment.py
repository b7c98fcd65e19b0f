"""Build environments: virtual environments put together from wheels by hard links.

Each wheel is laid out once in the store, as an installation at `PREFIX` would be, and linked
into as many environments as need it: no pip, no copy, no bytecode. An environment is mounted
read-only at the same path in every container, so scripts and ``sys.prefix`` are right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.archives import layout
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from podwheel.model import Interpreter, Wheel
    from podwheel.store import Store

PREFIX: Final = "/podwheel/env"
"""Where every build finds its environment; scripts' first lines name it."""


@frozen(kw_only=True)
class Environments:
    """Makes environments for one target's Python."""

    store: Store
    python: Interpreter

    def lay_out(self, wheels: Sequence[Wheel]) -> None:
        """See to it that each is laid out in the store: what is left to `make` is links."""
        for wheel in wheels:
            self._laid_out(wheel)

    def make(self, wheels: Sequence[Wheel], *, into: Path) -> None:
        """Lay out a virtual environment with *wheels* in the (absent or empty) directory *into*."""
        into.mkdir(parents=True, exist_ok=True)
        layout.virtual_environment(into, self.python)
        self.extend(into, wheels)

    def extend(self, into: Path, wheels: Sequence[Wheel]) -> None:
        """Link more wheels into an environment; a container that has it mounted sees them."""
        layout.assemble([self._laid_out(w) for w in wheels], into=into)

    def _laid_out(self, wheel: Wheel) -> Path:
        scheme = (self.python.purelib, self.python.platlib, self.python.include, PREFIX)
        place = (
            self.store.root
            / "unpacked"
            / wheel.sha256[:2]
            / f"{wheel.sha256}-{digest_of(scheme)[:8]}"
        )
        if (kept := self.store.tree(place)) is not None:
            return kept
        with self.store.attempt("layout") as attempt:
            tree = attempt / "tree"
            tree.mkdir()
            layout.lay_out(
                wheel.path, filename=wheel.filename, python=self.python, prefix=PREFIX, into=tree
            )
            return self.store.keep_tree(tree, place)


def identity(wheels: Sequence[Wheel]) -> tuple[tuple[str, str, str], ...]:
    """What an environment is, for a step's identity: name, version and hash of each wheel, sorted."""
    return tuple(sorted((str(w.name), str(w.version), w.sha256) for w in wheels))


def describe(wheels: Sequence[Wheel]) -> str:
    """For messages: ``setuptools 80.9, wheel 0.45``."""
    return ", ".join(f"{name} {version}" for name, version, _ in identity(wheels)) or "nothing"
