"""Looks up, side by side, what the resolver will probably ask for next.

The resolver goes from package to package, and each has a page and metadata that wait for a server.
So as soon as a name is known the page is asked for in the background, then the metadata of the
candidate that would be tried first, then the pages of what that needs, and so on: in the time of
the deepest chain, not of the sum. It is a guess and changes no outcome; what fails here is met
again, and told, by who needs it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison
from packaging.utils import canonicalize_name

from podwheel.resolve.needs import marker_holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from podwheel.model import File, Metadata
    from podwheel.resolve.asked import Asked
    from podwheel.resolve.catalogue import Catalogue
    from podwheel.resolve.inputs import MetadataSource, Packages, Preferred


class Ahead:
    """One resolution's view forward."""

    def __init__(
        self,
        *,
        packages: Packages,
        metadata: MetadataSource,
        catalogue: Catalogue,
        asked: Asked,
        environment: dict[str, str],
        preferred: Preferred,
    ) -> None:
        self._packages = packages
        self._metadata = metadata
        self._catalogue = catalogue
        self._asked = asked
        self._environment = environment
        self._preferred = preferred
        self._lock = threading.Lock()
        self._wanted: dict[NormalizedName, SpecifierSet] = {}
        """Every name so far, as it was wanted first."""

    def look(self, wanted: Mapping[NormalizedName, SpecifierSet]) -> None:
        """Begin with these names; each is begun with once. Returns at once, raises nothing."""
        with self._lock:
            new = {
                name: specifier & self._asked.constraint(name).specifier
                for name, specifier in wanted.items()
                if not self._is_settled(name)
            }
            self._wanted |= new
        if new:
            self._packages.prefetch(sorted(new), self._arrived)

    def _is_settled(self, name: NormalizedName) -> bool:
        return (
            name in self._wanted
            or name in self._asked.files
            or self._preferred.get(name) is not None
            or bool(self._asked.constraint(name).directs)
        )

    def _arrived(self, name: NormalizedName, files: tuple[File, ...]) -> None:
        """A page has come; in a thread of the index."""
        catalogue = self._catalogue
        if catalogue.policy.no_deps:
            return
        shelf = catalogue.sorted_out(name, files, self._asked)
        choices = shelf.select(self._wanted[name], prereleases=catalogue.policy.prereleases)
        if not choices:
            return
        candidate = catalogue.candidate(shelf, choices[0], self._asked)
        metadata = self._metadata.ahead(candidate)
        if metadata is not None:
            self.look(dict(self._needs(metadata)))

    def _needs(self, metadata: Metadata) -> Iterator[tuple[NormalizedName, SpecifierSet]]:
        """What it needs whatever its extras; a marker that cannot be evaluated is told elsewhere."""
        for requirement in metadata.requires:
            try:
                holds = marker_holds(requirement.marker, self._environment)
            except UndefinedComparison:
                continue
            if holds and requirement.url is None:
                yield canonicalize_name(requirement.name), requirement.specifier
