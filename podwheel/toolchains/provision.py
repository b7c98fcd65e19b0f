"""How a chosen toolchain comes into a step: packages of its image, or a directory mounted read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

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

    @property
    def identity(self) -> tuple[str, ...]:
        """What it adds to a step's identity; its packages are in the image's."""
        return (self.choice.tool, self.sha256 or "", *self.path)

    def record(self) -> dict[str, Any]:
        """For the record (JSON): which one, where from, and who wanted it."""
        taken = self.choice.taken
        told: dict[str, Any] = {"tool": self.choice.tool, "version": str(taken.version)}
        if isinstance(taken, Toolchain):
            told |= {
                "version": taken.release,
                "from": "host",
                "triple": taken.triple,
                "sha256": self.sha256,
            }
        else:
            together = zip(taken.packages, taken.releases, strict=True)
            told |= {
                "from": "distribution",
                "packages": [{"name": name, "version": release} for name, release in together],
            }
        return told | {
            "wanted_by": [
                {
                    key: value
                    for key, value in (
                        ("by", want.by),
                        ("minimum", want.minimum),
                        ("channel", want.channel),
                    )
                    if value
                }
                | ({} if want.firm else {"firm": False})
                | ({"unmet": True} if want in self.choice.unmet else {})
                for want in self.choice.wants
            ]
        }


def provision(choice: Choice, *, store: Store) -> Provision:
    """Make a chosen toolchain ready; the host's is hashed, once.

    Raises:
        HostError: The host's cannot be read, or is being written to.
    """
    taken = choice.taken
    sha256 = sha256_of(taken.tree, store=store) if isinstance(taken, Toolchain) else None
    return Provision(choice=choice, sha256=sha256)
