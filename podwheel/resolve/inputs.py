"""What the resolver is handed: it looks nothing up by itself and never reaches up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import field, frozen

from podwheel.model import NO_TREE, Formats

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence

    from packaging.utils import NormalizedName

    from podwheel.model import Direct, File, Hash, Metadata, Pin, Resolution
    from podwheel.resolve.candidates import Candidate


class Packages(Protocol):
    """The indexes, as seen from here."""

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        """Every file of a project, in any order.

        Raises:
            ProjectNotFound: No index has the project.
        """

    def prefetch(
        self,
        names: Sequence[NormalizedName],
        then: Callable[[NormalizedName, tuple[File, ...]], None],
    ) -> None:
        """A hint: these projects will probably be asked for soon. Returns at once, raises nothing.

        *then* may be called with each, in a thread of its own, when it is known.
        """


class MetadataSource(Protocol):
    """Who knows what a candidate depends on; may download, and may run a hook in a sandbox.

    `of` and `of_direct` are given the chain of who wants the candidate, innermost first, for the
    errors that they raise. `MetadataUnusable` makes the resolver pass over the candidate;
    every other error ends the resolution.
    """

    def of(self, candidate: Candidate, wanted_by: Sequence[str]) -> Metadata:
        """The metadata of a file of an index."""

    def ahead(self, candidate: Candidate) -> Metadata | None:
        """The same, in some thread, before it is asked for; None where only a hook would tell.

        Whatever it raises is raised again, or not, when it is asked for.
        """

    def of_direct(
        self, direct: Direct, hashes: tuple[Hash, ...], wanted_by: Sequence[str]
    ) -> Metadata:
        """The metadata of a direct reference; its name and version are learned from it."""

    def repository(self, wheel: File) -> str | None:
        """The repository that a wheel's metadata names (`unpublished.repository_in`); raises nothing."""


@frozen(kw_only=True)
class Preferred:
    """For a build environment: pins that are the only candidate of their name, in whatever format.

    Two builds of one library in one process are an ABI accident.
    """

    tree: Resolution = NO_TREE
    """The runtime tree; only those of its pins count that satisfy the specifiers."""
    but: frozenset[NormalizedName] = frozenset()
    """Names that the tree has no say in."""
    seeds: tuple[Pin, ...] = ()
    """Beside the tree, and before it."""

    def get(self, name: NormalizedName) -> Pin | None:
        for seed in self.seeds:
            if seed.name == name:
                return seed
        return None if name in self.but else self.tree.by_name.get(name)


NOTHING_PREFERRED = Preferred()


@frozen(kw_only=True)
class Policy:
    """How candidates are chosen; the defaults are `podwheel build`'s."""

    formats: Formats = field(factory=Formats)
    prereleases: bool = False
    """``--pre``: pre-releases count like any other version."""
    no_deps: bool = False
    require_hashes: bool = False
    """Also implied, as in pip, by a single ``--hash`` of the wanted."""
    exclude_newer: datetime.datetime | None = None
    """Files uploaded at or after this moment (aware) do not exist."""
