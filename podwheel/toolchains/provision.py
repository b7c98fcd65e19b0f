"""How a chosen toolchain comes into a step: packages of its image, or a directory mounted read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.sandbox.job import Mount
from podwheel.toolchains.host import Toolchain
from podwheel.toolchains.tree import sha256_of

if TYPE_CHECKING:
    from podwheel.store import Store
    from podwheel.toolchains.choose import Choice

PLACE: Final = "/podwheel/toolchains"
"""The host's toolchains in a container, each below it by its tool's name."""


@frozen(kw_only=True)
class Provision:
    """A chosen toolchain, ready for a step."""

    choice: Choice
    sha256: str | None
    """Of the host's toolchain (`tree.sha256_of`); None for the distribution's, which the image's identity has."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The distribution's packages that the build image needs."""
        taken = self.choice.taken
        return () if isinstance(taken, Toolchain) else taken.packages

    @property
    def mounts(self) -> tuple[Mount, ...]:
        taken = self.choice.taken
        if not isinstance(taken, Toolchain):
            return ()
        return (Mount(source=taken.path, target=f"{PLACE}/{self.choice.tool}"),)

    @property
    def path(self) -> tuple[str, ...]:
        """Directories for the front of PATH. No other variable is needed: rustc finds its parts
        relative to itself, and nothing of rustup's is there to ask for ``RUSTUP_TOOLCHAIN``."""
        taken = self.choice.taken
        return (f"{PLACE}/{self.choice.tool}/bin",) if isinstance(taken, Toolchain) else taken.path


def provision(choice: Choice, *, store: Store) -> Provision:
    """Make a chosen toolchain ready; the host's is hashed, once.

    Raises:
        HostError: The host's cannot be read, or is being written to.
    """
    taken = choice.taken
    sha256 = sha256_of(taken.tree, store=store) if isinstance(taken, Toolchain) else None
    return Provision(choice=choice, sha256=sha256)
