"""The provider that resolvelib asks: which candidates, in which order, and what they need.

It follows pip (``pip/_internal/resolution/resolvelib/provider.py``), with two differences.
Metadata is asked for only when a candidate is about to be pinned, for ours may cost a container;
a candidate whose metadata is unusable then *needs something impossible*, and resolvelib goes on
to the next. And the order of lines in a file does not
change the outcome: a resolution is named by what went in.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from packaging.markers import UndefinedComparison
from packaging.utils import NormalizedName, canonicalize_name
from resolvelib import AbstractProvider

from podwheel.errors import MetadataUnusable, NoMatchingVersion
from podwheel.resolve.candidates import Candidate
from podwheel.resolve.catalogue import preferred_candidate
from podwheel.resolve.needs import (
    Impossible,
    Need,
    Node,
    direct_key,
    marker_holds,
    needs_of_dependency,
    shown,
    split_identifier,
)
from podwheel.resolve.order import Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from resolvelib.resolvers import RequirementInformation
    from resolvelib.structs import Matches

    from podwheel.errors import PodwheelError
    from podwheel.model import Direct, Metadata
    from podwheel.resolve.ahead import Ahead
    from podwheel.resolve.asked import Asked, Constraint
    from podwheel.resolve.catalogue import Catalogue
    from podwheel.resolve.inputs import Preferred

    Cause = RequirementInformation[Need, Node]
    Base = AbstractProvider[Need, Node, str]
else:
    Base = AbstractProvider


class OnlyWheels(Exception):
    """A project that must be built has nothing to build it from.

    It ends the search at once. To go back to some ancient version of a parent that did not
    need the project yet would "succeed" with something that nobody asked for, and the user
    has a choice to make.
    """

    def __init__(self, name: NormalizedName, needs: Sequence[Need]) -> None:
        super().__init__(name)
        self.name = name
        self.needs = tuple(needs)


class Provider(Base):
    """One resolution's provider; remembers every edge that it has seen, for the explanations."""

    def __init__(
        self,
        *,
        asked: Asked,
        catalogue: Catalogue,
        environment: dict[str, str],
        preferred: Preferred,
        ahead: Ahead,
    ) -> None:
        self.asked = asked
        self.catalogue = catalogue
        self.seen: defaultdict[str, list[Need]] = defaultdict(list)
        """Every need of an identifier, in the order in which they were met."""
        self.rejections: dict[tuple[Need, ...], None] = {}
        """What could not be had together, each time that a candidate was rejected for it."""
        self.failed: dict[tuple[str | None, ...], PodwheelError] = {}
        """Direct references of dependencies that turned out to be unusable."""
        self._environment = environment
        self.preferred = preferred
        self._ahead = ahead
        self.order = Order({need.identifier for need in asked.needs})
        self._nodes: dict[tuple[object, ...], Node] = {}
        self._needs: dict[Node, tuple[Need, ...]] = {}
        self.rejected: dict[Node, Impossible] = {}
        """Nodes that are no candidates after all: their metadata said so, or is unusable."""
        self._satisfied: dict[tuple[Need, Node], bool] = {}
        self._depths: dict[Need, int] = dict.fromkeys(asked.needs, 0)
        for need in asked.needs:
            self.seen[need.identifier].append(need)

    # ------------------------------------------------------------ what is tried, and when

    def identify(self, requirement_or_candidate: Need | Node) -> str:
        return requirement_or_candidate.identifier

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, Node],
        candidates: Mapping[str, Iterator[Node]],  # noqa: ARG002 - resolvelib's signature
        information: Mapping[str, Iterator[Cause]],
        backtrack_causes: Sequence[Cause],
    ) -> Iterable[str]:
        return (self.order.next(list(identifiers), resolutions, information, backtrack_causes),)

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Node],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[str, Iterator[Node]],  # noqa: ARG002
        information: Mapping[str, Iterator[Cause]],
        backtrack_causes: Sequence[Cause],  # noqa: ARG002
    ) -> Any:
        return self.order.preference(identifier, information)

    # ------------------------------------------------------------ candidates

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Node]],
    ) -> Matches[Node]:
        needs = list(requirements[identifier])
        if any(isinstance(need, Impossible) for need in needs):
            return ()
        name, extra = split_identifier(identifier)
        if extra is not None and name in requirements:
            needs.extend(requirements[name])
        banned = frozenset(incompatibilities[identifier])

        def matches() -> Iterator[Node]:
            for node in self.matching(name, extra, needs, self.asked.constraint(name)):
                if node not in banned:
                    yield node

        return matches

    def matching(
        self,
        name: NormalizedName,
        extra: NormalizedName | None,
        needs: Sequence[Need],
        constraint: Constraint,
    ) -> Iterator[Node]:
        """Nodes that every one of *needs* and the constraint accept, the best first."""
        directs = [n.direct for n in needs if n.direct is not None] or constraint.directs
        if directs:
            found = self._referred(name, extra, directs[0], needs)
        else:
            found = self._listed(name, extra, needs, constraint)
        for node in found:
            if constraint.accepts(node) and all(need.accepts(node) for need in needs):
                yield node

    def _listed(
        self,
        name: NormalizedName,
        extra: NormalizedName | None,
        needs: Sequence[Need],
        constraint: Constraint,
    ) -> Iterator[Node]:
        """From the runtime tree, a lock or the index; one node a version."""
        specifier = all_specifiers(needs, constraint)
        pin = self.preferred.get(name)
        if pin is not None and specifier.contains(pin.version, prereleases=True):
            yield self._node(preferred_candidate(pin), extra)
            return
        shelf = self.catalogue.shelf(name, self.asked)
        if shelf.only_wheels and any(
            specifier.contains(r.version, prereleases=True) for r in shelf.refusals
        ):
            raise OnlyWheels(name, needs)
        done = set()
        prereleases = self.catalogue.policy.prereleases
        for choice in shelf.select(specifier, prereleases=prereleases):
            if choice.version in done:
                continue
            node = self._node(self.catalogue.candidate(shelf, choice, self.asked), extra)
            if node not in self.rejected:
                yield node
            # Whoever took it may have found its metadata unusable: then the version's next
            # file has its turn. resolvelib takes candidates one by one.
            if node not in self.rejected or self.rejected[node].error is None:
                done.add(choice.version)

    def _referred(
        self,
        name: NormalizedName,
        extra: NormalizedName | None,
        direct: Direct,
        needs: Sequence[Need],
    ) -> Iterator[Node]:
        """The one candidate of a direct reference, if it is of that name at all."""
        referring = next((n for n in needs if n.direct is not None), None)
        chain = self.chain(referring or needs[0])
        if referring is None:  # then a constraint did, and it is what is to be mended
            lines = self.asked.constraint(name).lines
            chain = (*(f"{origin} ({text})" for origin, text in lines if " @ " in text), *chain)
        hashes = tuple(sorted(self.asked.hashes.get(name, ()), key=str))
        try:
            metadata = self.catalogue.direct(direct, hashes, chain)
        except (MetadataUnusable, NoMatchingVersion) as error:
            self.failed[direct_key(direct)] = error
            return
        if canonicalize_name(metadata.name) != name:
            return
        candidate = Candidate(
            name=name, version=metadata.version, file=None, direct=direct, hashes=hashes
        )
        yield self._node(candidate, extra)

    def _node(self, candidate: Candidate, extra: NormalizedName | None) -> Node:
        key = (candidate, extra)
        return self._nodes.setdefault(key, Node(candidate=candidate, extra=extra))

    def is_satisfied_by(self, requirement: Need, candidate: Node) -> bool:
        # Asked of every pin in every round: remembered, as in pip.
        key = (requirement, candidate)
        if key not in self._satisfied:
            self._satisfied[key] = requirement.accepts(candidate)
        return self._satisfied[key]

    # ------------------------------------------------------------ dependencies

    def get_dependencies(self, candidate: Node) -> Sequence[Need]:
        if candidate not in self._needs:
            needs = tuple(self._dependencies(candidate))
            self._needs[candidate] = needs
            depth = self._depths[self._nearest(candidate)] + 1
            for need in needs:
                self._depths[need] = depth
                self.seen[need.identifier].append(need)
            self.look_ahead(n for n in needs if not isinstance(n, Impossible))
        for need in self._needs[candidate]:  # about to be asked of it
            self.order.needed_by_one_more(need.identifier)
        return self._needs[candidate]

    def look_ahead(self, needs: Iterable[Need]) -> None:
        """Begin with what will be asked of the index for these."""
        self._ahead.look({need.name: need.specifier for need in needs if need.direct is None})

    def _dependencies(self, node: Node) -> Iterator[Need]:
        name = node.candidate.name
        if node.extra is not None:
            same = node.candidate
            yield Need(name=name, text=f"{name}=={same.version}", parent=node, same=same)
        try:
            metadata = self.metadata(node)
            if metadata is not None:
                yield from self._required(node, metadata)
        except MetadataUnusable as error:
            yield self._reject(node, error.what, error)

    def metadata(self, node: Node) -> Metadata | None:
        """The metadata of a node; None where it says nothing that counts (``--no-deps``)."""
        if self.catalogue.policy.no_deps and node.extra is None and not node.candidate.direct:
            return None
        return self.catalogue.metadata(node.candidate, lambda: self.chain_of(node))

    def _required(self, node: Node, metadata: Metadata) -> Iterator[Need]:
        python = self.catalogue.rules.python
        requires = metadata.requires_python
        if requires is not None and not requires.contains(python, prereleases=True):
            yield self._reject(node, f"requires Python {requires}")
            return
        if self.catalogue.policy.no_deps:
            return
        if node.extra is not None and node.extra not in metadata.extras:
            return  # told once, when it is known what was pinned
        for requirement in metadata.requires:
            if self._holds(requirement, node):
                yield from needs_of_dependency(requirement, node)

    def _reject(self, node: Node, text: str, error: MetadataUnusable | None = None) -> Impossible:
        need = Impossible(name=node.candidate.name, text=text, parent=node, error=error)
        self.rejected[node] = need
        return need

    def _holds(self, requirement: Requirement, node: Node) -> bool:
        """Whether it is this node's: what the package needs anyway is not an extra's as well."""
        marker = requirement.marker
        try:
            plain = marker_holds(marker, self._environment)
            if node.extra is None:
                return plain
            return not plain and marker_holds(marker, self._environment, node.extra)
        except UndefinedComparison as error:
            raise MetadataUnusable(
                f"{node.candidate}: the marker of {shown(requirement)} cannot be evaluated: {error}"
            ) from error

    # ------------------------------------------------------------ who wants it

    def chain_of(self, node: Node) -> tuple[str, ...]:
        """Who wants *node*, innermost first, ending at a line of a file; a short such chain."""
        return self.chain(self._nearest(node))

    def chain(self, need: Need) -> tuple[str, ...]:
        """The chain that begins with *need*."""
        return tuple(step.line for step in self.path(need) if step.same is None)

    def path(self, need: Need) -> tuple[Need, ...]:
        """The edges from *need* up to a line of a file."""
        way = [need]
        while (parent := way[-1].parent) is not None:
            way.append(self._nearest(parent))
        return tuple(way)

    def _nearest(self, node: Node) -> Need:
        """The need of *node* that is nearest to a line; each is nearer than those below it."""
        needs = (n for n in self.seen[node.identifier] if self.is_satisfied_by(n, node))
        return min(needs, key=self._depths.__getitem__)


def all_specifiers(needs: Iterable[Need], constraint: Constraint) -> SpecifierSet:
    """The specifiers of *needs* and of the constraint, together."""
    specifier = constraint.specifier
    for need in needs:
        if need.specifier:
            specifier &= need.specifier
    return specifier
