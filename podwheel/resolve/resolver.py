"""Wanted lines → a resolution for the target."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen
from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from podwheel import log
from podwheel.model import Pin, Resolution
from podwheel.resolve import hashing
from podwheel.resolve.ahead import Ahead
from podwheel.resolve.asked import applying, collect
from podwheel.resolve.catalogue import Catalogue
from podwheel.resolve.explain import Explainer
from podwheel.resolve.inputs import NOTHING_PREFERRED
from podwheel.resolve.provider import OnlyWheels, Provider, all_specifiers
from podwheel.resolve.stockroom import Stockroom
from podwheel.resolve.unpublished import newest_without_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName
    from resolvelib.resolvers import Criterion

    from podwheel.model import Interpreter, Wanted
    from podwheel.resolve.inputs import MetadataSource, Packages, Policy, Preferred
    from podwheel.resolve.needs import Need, Node

    Reporter = BaseReporter[Need, Node, str]
else:
    Reporter = BaseReporter

MAX_ROUNDS = 200_000
"""pip's figure: hours where every round costs a download, seconds where it does not."""

REMEMBERED = 10_000
"""Conflicts that are kept for the explanation; nobody reads more."""


def resolve(
    wanted: Sequence[Wanted],
    *,
    constraints: Sequence[Wanted] = (),
    python: Interpreter,
    packages: Packages,
    metadata: MetadataSource,
    policy: Policy,
    preferred: Preferred = NOTHING_PREFERRED,
    stockroom: Stockroom | None = None,
    where: str = "",
    max_rounds: int = MAX_ROUNDS,
) -> Resolution:
    """Choose one version of everything that *wanted* needs on the target.

    Args:
        wanted: The lines; their order, and the order of an index's files, change nothing.
        constraints: Limits for whatever is needed anyway; they pull nothing in.
        python: The target's Python: markers, tags, ``Requires-Python``.
        packages: The indexes.
        metadata: Who knows what candidates depend on.
        preferred: For a build environment: pins of the runtime tree.
        stockroom: Of the run, where more than one resolution is made for a target.
        where: The target's name, for messages.
        max_rounds: When to give up.

    Raises:
        ProjectNotFound, NoMatchingVersion, NoSource, ResolutionConflict, HashesMissing,
        MetadataUnusable, ResolutionError: There is no resolution; why is explained.
        RequirementsFileError: A line cannot be used (a constraint with extras, a marker).
        PodwheelError: What *packages* and *metadata* raise.
    """
    environment = python.marker_environment
    lines, limits = applying(wanted, environment), applying(constraints, environment)
    if hashing.implied(lines):
        policy = evolve(policy, require_hashes=True)
    if policy.require_hashes:
        hashing.check_lines(lines, limits)
    catalogue = Catalogue(
        python=python,
        packages=packages,
        metadata=metadata,
        policy=policy,
        stockroom=stockroom or Stockroom(),
    )
    asked = collect(lines, limits, catalogue.direct)
    ahead = Ahead(
        packages=packages,
        metadata=metadata,
        catalogue=catalogue,
        asked=asked,
        environment=environment,
        preferred=preferred,
    )
    provider = Provider(
        asked=asked,
        catalogue=catalogue,
        environment=environment,
        preferred=preferred,
        ahead=ahead,
    )
    series = f"Python {python.series[0]}.{python.series[1]}"
    nodes = _search(provider, f"{where} ({series})" if where else series, max_rounds)
    log.get().debug("resolve.found", nodes=len(nodes), conflicts=len(provider.rejections))
    resolution = _Outcome(provider=provider, nodes=nodes).resolution()
    if policy.require_hashes:
        hashing.check_pins(resolution.pins, asked, preferred)
    return resolution


def _search(provider: Provider, where: str, max_rounds: int) -> Mapping[str, Node]:
    """Let resolvelib search; what it says when it fails is put into a user's words."""
    needs = provider.asked.needs
    provider.look_ahead(needs)
    # Extras last, as in pip: their candidates are then already limited by the base's
    # specifiers. The rest of the order makes the outcome independent of the lines' order.
    roots = sorted(needs, key=lambda n: (n.extra is not None, n.identifier, n.text))
    explainer = Explainer(provider, where)
    try:
        return Resolver(provider, _Reporter(provider)).resolve(roots, max_rounds=max_rounds).mapping
    except ResolutionImpossible as impossible:
        raise explainer.impossible(impossible.causes) from None
    except ResolutionTooDeep:
        raise explainer.too_deep(max_rounds) from None
    except OnlyWheels as found:
        raise explainer.no_source(found.name, found.needs) from None


class _Reporter(Reporter):
    """Notes for the explanations what resolvelib itself forgets."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def rejecting_candidate(self, criterion: Criterion[Need, Node], candidate: Node) -> None:  # noqa: ARG002
        rejections = self._provider.rejections
        if len(rejections) < REMEMBERED:
            rejections[tuple(criterion.iter_requirement())] = None


@frozen(kw_only=True)
class _Outcome:
    """The nodes that resolvelib chose, put together to pins."""

    provider: Provider
    nodes: Mapping[str, Node]
    wanters: dict[NormalizedName, list[Need]] = field(factory=lambda: defaultdict(list))
    needed: dict[NormalizedName, set[NormalizedName]] = field(factory=lambda: defaultdict(set))

    def resolution(self) -> Resolution:
        extras: defaultdict[NormalizedName, set[NormalizedName]] = defaultdict(set)
        reached = list(self._reached())
        for node in reached:
            if node.extra is not None and self._has_extra(node):
                extras[node.candidate.name].add(node.extra)
        bases = sorted(
            (n for n in reached if n.extra is None), key=lambda node: node.candidate.name
        )
        return Resolution(
            pins=tuple(self._pin(n, frozenset(extras[n.candidate.name])) for n in bases)
        )

    def _reached(self) -> Iterator[Node]:
        """Nodes that the lines lead to; after backtracking resolvelib may hold others too."""
        queue = list(self.provider.asked.needs)
        seen: set[str] = set()
        for need in queue:  # grows while it is walked
            self._note(need)
            if need.identifier not in seen:
                seen.add(need.identifier)
                node = self.nodes[need.identifier]
                queue.extend(self.provider.get_dependencies(node))
                yield node

    def _note(self, need: Need) -> None:
        """Remember an edge between two packages, or from a line; not one within a package."""
        parent = None if need.parent is None else need.parent.candidate.name
        if parent == need.name:
            return
        self.wanters[need.name].append(need)
        if parent is not None:
            self.needed[parent].add(need.name)

    def _has_extra(self, node: Node) -> bool:
        metadata = self.provider.metadata(node)
        assert metadata is not None, "only a node without an extra can do without"
        if node.extra in metadata.extras:
            return True
        log.get().warning(
            "resolve.extra.unknown",
            name=node.candidate.name,
            version=str(node.candidate.version),
            extra=node.extra,
        )
        return False

    def _pin(self, node: Node, extras: frozenset[NormalizedName]) -> Pin:
        candidate = node.candidate
        name = candidate.name
        # Lines of files in their order, then packages by name.
        wanters = sorted(self.wanters[name], key=lambda n: "" if n.parent is None else n.line)
        self._tell_yanked(node)
        self._tell_older(node)
        return Pin(
            name=name,
            version=candidate.version,
            extras=extras,
            file=candidate.file,
            direct=candidate.direct,
            dependencies=tuple(sorted(self.needed[name])),
            wanted_by=tuple(dict.fromkeys(need.line for need in wanters)),
            hashes=candidate.hashes,
        )

    def _tell_older(self, node: Node) -> None:
        """That a newer version would have been taken, had upstream published its source."""
        candidate, catalogue = node.candidate, self.provider.catalogue
        shelf = catalogue.known(candidate.name)
        if shelf is None or candidate.file is None or self.provider.preferred.get(candidate.name):
            return
        constraint = self.provider.asked.constraint(candidate.name)
        specifier = all_specifiers(self.wanters[candidate.name], constraint)
        # Its own version stays in the list: were there only pre-releases, PEP 440 would take them.
        newer = specifier.filter(
            [v for v in shelf.versions() if v >= candidate.version],
            prereleases=True if catalogue.policy.prereleases else None,
        )
        newest = newest_without_source(shelf, list(newer))
        if newest is not None:
            log.get().warning(
                "resolve.older",
                name=candidate.name,
                version=str(candidate.version),
                newest=str(newest),
            )

    def _tell_yanked(self, node: Node) -> None:
        candidate = node.candidate
        if self.provider.preferred.get(candidate.name) or candidate.file is None:
            return
        if candidate.file.yanked is not None:
            log.get().warning(
                "resolve.yanked",
                name=candidate.name,
                version=str(candidate.version),
                reason=candidate.file.yanked,
            )
