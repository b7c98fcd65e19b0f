"""Why there is no resolution, in a user's words: chains that begin at a line of a file."""

from __future__ import annotations

import bisect
import difflib
from typing import TYPE_CHECKING

from attrs import field, frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from podwheel.errors import (
    HashMismatch,
    MetadataUnusable,
    NoMatchingVersion,
    NoSource,
    PodwheelError,
    ProjectNotFound,
    ResolutionConflict,
    ResolutionError,
)
from podwheel.model import Format
from podwheel.resolve import unpublished
from podwheel.resolve.asked import UNCONSTRAINED
from podwheel.resolve.candidates import Why, is_pinned
from podwheel.resolve.needs import Impossible, direct_key, shown_direct
from podwheel.resolve.provider import OnlyWheels, all_specifiers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from resolvelib.resolvers import RequirementInformation

    from podwheel.model import File
    from podwheel.resolve.candidates import Refusal, Shelf
    from podwheel.resolve.needs import Need, Node
    from podwheel.resolve.provider import Provider

SHOWN = 5
"""Versions, or alternatives of one package, that a message lists."""


@frozen(kw_only=True)
class _Branch:
    """A line of a conflict's tree, with what follows from it."""

    below: dict[str, _Branch] = field(factory=dict)
    ends: dict[tuple[str, str], list[Version]] = field(factory=dict)
    """(package, what it needs) → the versions of it that need that: one line for all."""


class Explainer:
    """Turns what resolvelib gives up with into errors."""

    def __init__(self, provider: Provider, where: str) -> None:
        self._provider = provider
        self._where = where

    # ------------------------------------------------------------ which error it is

    def impossible(self, causes: Collection[RequirementInformation[Need, Node]]) -> PodwheelError:
        """The error for a search that came to its end."""
        last = [cause.requirement for cause in causes]
        told = (*last, *self._of_other_versions(last))
        needs = sorted(
            {plain: None for need in told for plain in self._plain(need)}, key=lambda n: n.line
        )
        hopeless = [need for need in self._real(needs) if self._is_hopeless(need)]
        names = {need.name for need in needs}
        if hopeless and names <= {need.name for need in hopeless}:
            return self._hopeless(hopeless[0])
        return self._conflict(needs, hopeless)

    def too_deep(self, rounds: int) -> ResolutionError:
        """The error for a search that was given up."""
        conflicts = self._provider.order.conflicts
        worst = sorted(conflicts, key=lambda name: (-conflicts[name], name))[:SHOWN]
        return ResolutionError(
            f"gave up looking for versions for {self._where} after {rounds:,} rounds",
            said="what conflicted most: " + ", ".join(worst) if worst else "",
            hint="limit some of these with constraints (-c FILE, lines like NAME>=VERSION)",
        )

    def no_source(self, name: NormalizedName, needs: Sequence[Need]) -> NoSource:
        """The error for a package that must be built and has only wheels."""
        shelf = self._provider.catalogue.shelf(name, self._provider.asked)
        specifier = all_specifiers(needs, UNCONSTRAINED)
        inside = [v for v in shelf.versions() if specifier.contains(v, prereleases=True)]
        fits = any(r.why is Why.FORMAT and r.version in inside for r in shelf.refusals)
        wheels = "only wheels" if fits else "only wheels for other platforms"
        return NoSource(
            f"{name} has no source for {self._where}, {wheels}, and it would have to be built",
            name=name,
            said=self._versions(name, needs),
            wanted_by=self._provider.chain(needs[0]),
            hint=unpublished.choices(shelf, inside, self._repository),
        )

    def _repository(self, wheel: File) -> str | None:
        if self._provider.asked.hashes:
            return None  # bytes that nobody vouched for are not read, not even for a hint
        return self._provider.catalogue.repository(wheel)

    def _of_other_versions(self, last: Sequence[Need]) -> Iterator[Need]:
        """The conflicts that met other versions of the packages in the last one.

        resolvelib tells of what it tried last, and "try another version" is what everybody
        thinks of next.
        """
        tried = {need.parent for need in last}
        packages = {parent.identifier for parent in tried if parent is not None}
        for conflict in self._provider.rejections:
            parents = {need.parent for need in conflict if need.parent is not None}
            if any(p.identifier in packages and p not in tried for p in parents):
                yield from conflict

    def _plain(self, need: Need) -> Iterator[Need]:
        """*need*; for what ties an extra to its package, whoever wanted the extra."""
        if need.same is None or need.parent is None:
            yield need
            return
        for wanting in self._provider.seen[need.parent.identifier]:
            if wanting.accepts(need.parent):
                yield wanting

    def _real(self, needs: Iterable[Need]) -> Iterator[Need]:
        """Needs of packages; for a candidate that was rejected, whoever wanted it."""
        for need in needs:
            if isinstance(need, Impossible):
                wanting = self._provider.seen[need.parent.identifier]
                yield from (n for n in wanting if n.accepts(need.parent))
            else:
                yield need

    def _is_hopeless(self, need: Need) -> bool:
        """Whether nothing fits it even alone, without a constraint."""
        beside = self._provider.seen[need.name]
        constraint = self._provider.asked.constraint(need.name)
        if need.direct is None and (
            constraint.directs or any(n.direct is not None for n in beside)
        ):
            return False  # it is not the index that was to serve it
        found = self._provider.matching(need.name, need.extra, [need], UNCONSTRAINED)
        try:
            return next(found, None) is None
        except OnlyWheels:
            return True

    def _hopeless(self, need: Need) -> PodwheelError:
        name, chain = need.name, self._provider.chain(need)
        catalogue = self._provider.catalogue
        if need.direct is not None:
            return self._direct(need)
        if name in catalogue.missing:
            missing = catalogue.missing[name]
            hint = (*self._near_names(name), *missing.hint)
            return ProjectNotFound(missing.what, wanted_by=chain, hint=hint)
        shelf = catalogue.shelf(name, self._provider.asked)
        inside = [v for v in shelf.versions() if need.specifier.contains(v, prereleases=True)]
        errors = [self._error_of(name, version) for version in inside]
        first = next((error for error in errors if error is not None), None)
        if first is not None and all(errors):
            return MetadataUnusable(
                first.what, wanted_by=chain, said=first.said, log=first.log, hint=first.hint
            )
        if inside and all(unpublished.lacks_source(shelf, version) for version in inside):
            return self.no_source(name, [need])
        wrong = [r for r in shelf.refusals if r.why is Why.HASH and r.version in inside]
        if (
            wrong
            and {r.version for r in wrong} == set(inside)
            and not shelf.readable.keys() & set(inside)
        ):
            return self._mismatch(need, wrong)
        return NoMatchingVersion(
            f"no version of {name} {f'fits {need.text!r}' if need.specifier else 'can be used'}"
            f" on {self._where}",
            said=self._versions(name, [need]),
            wanted_by=chain,
            hint=self._hints(shelf, inside),
        )

    def _mismatch(self, need: Need, refusals: Sequence[Refusal]) -> HashMismatch:
        """The error where no file of the versions that fit has a demanded hash."""
        demanded = sorted(map(str, self._provider.asked.hashes[need.name]))
        algorithms = {text.partition(":")[0] for text in demanded}
        got = [
            f"{refusal.file.filename}  {hash_}"
            # The sources first: among fifty wheels of other platforms they would not be seen.
            for refusal in sorted(refusals, key=lambda r: r.file.filename.endswith(".whl"))[:SHOWN]
            for hash_ in refusal.file.hashes
            if hash_.algorithm in algorithms
        ]
        return HashMismatch(
            f"no file of {need.name} that fits {need.text!r} has a hash that was demanded",
            said="\n".join([*(f"demanded  {text}" for text in demanded[:SHOWN]), *got]),
            wanted_by=self._provider.chain(need),
            hint=(
                "if upstream published it anew, put the new hash where the old one is",
                "otherwise it was changed on its way, or by the index: do not use it",
            ),
        )

    def _direct(self, need: Need) -> PodwheelError:
        """Nothing fits a direct reference: it is broken, or another package or version."""
        chain = self._provider.chain(need)
        error = self._provider.failed.get(direct_key(need.direct))
        if error is not None:
            return type(error)(
                error.what, wanted_by=chain, said=error.said, log=error.log, hint=error.hint
            )
        assert need.direct is not None, "asked by the caller"
        found = self._provider.catalogue.direct(need.direct, (), chain)
        expected = need.text if canonicalize_name(found.name) == need.name else need.name
        return MetadataUnusable(
            f"{shown_direct(need.direct)} is {found.name} {found.version}, not {expected}",
            wanted_by=chain,
        )

    # ------------------------------------------------------------ a conflict

    def _conflict(self, needs: Sequence[Need], hopeless: Sequence[Need]) -> ResolutionConflict:
        grown = _Branch()
        for need in needs:
            self._grow(grown, need)
        places = {_label(need): n for n, need in enumerate(self._provider.asked.needs)}
        ordered = sorted(grown.below.items(), key=lambda item: places.get(item[0], len(places)))
        root = _Branch(below=dict(ordered), ends=grown.ends)
        lines = list(_draw(root, 0))
        names = sorted({need.name for need in needs})
        for name in names:
            lines.extend(self._limits(name))
        for name in names:
            lines.extend(self._around(name))
        for need in {need.text: need for need in hopeless}.values():
            lines.append(f"nothing fits {need.text!r} by itself:")
            lines.extend(f"  {line}" for line in self._against(need).splitlines())
        return ResolutionConflict(
            f"cannot satisfy these together for {self._where}",
            said="\n".join(lines),
            hint="loosen or drop one of these lines",
        )

    def _limits(self, name: NormalizedName) -> Iterator[str]:
        """The constraints of *name*, and what their URLs turned out to be."""
        constraint = self._provider.asked.constraint(name)
        yield from (f"{origin}: {text} (a constraint)" for origin, text in constraint.lines)
        for direct in constraint.directs:
            error = self._provider.failed.get(direct_key(direct))
            known = self._provider.catalogue.known_direct(direct)
            if error is not None:
                yield error.what
            elif known is not None:
                yield f"{shown_direct(direct)} is {known.name} {known.version}"

    def _against(self, need: Need) -> str:
        """Why nothing fits *need* even alone."""
        if need.direct is not None:
            return self._direct(need).what
        missing = self._provider.catalogue.missing.get(need.name)
        return missing.what if missing else self._versions(need.name, [need])

    def _grow(self, root: _Branch, need: Need) -> None:
        """Add the chain that ends with *need* to the tree."""
        way = [n for n in reversed(self._provider.path(need)) if n.same is None]
        branch = root
        for step in way[:-1]:
            branch = branch.below.setdefault(_label(step), _Branch())
        last = way[-1] if way else need
        if last.parent is None:
            branch.below.setdefault(_label(last), _Branch())
        else:
            text = f"needs {last.text}"
            if isinstance(last, Impossible):
                text = f"is no candidate: {last.text}" if last.error else last.text
            versions = branch.ends.setdefault((last.parent.identifier, text), [])
            versions.append(last.parent.candidate.version)

    def _around(self, name: NormalizedName) -> Iterator[str]:
        """What there is of a package that the conflict is about."""
        pin = self._provider.preferred.get(name)
        if pin is not None:
            yield f"the runtime tree has {pin}"
        shelf = self._provider.catalogue.known(name)
        if shelf is None:
            return
        rejected = {(n.candidate.name, n.candidate.version) for n in self._provider.rejected}
        usable = {c.version for c in shelf.choices if (name, c.version) not in rejected}
        if usable:
            found = sorted(usable, reverse=True)
            yield f"versions of {name} that could be used: {_listed(found)}"

    # ------------------------------------------------------------ versions and their reasons

    def _versions(self, name: NormalizedName, needs: Sequence[Need]) -> str:
        """The newest versions that the specifiers take, each with what is against it."""
        shelf = self._provider.catalogue.shelf(name, self._provider.asked)
        specifier = all_specifiers(needs, UNCONSTRAINED)
        every = shelf.versions()
        inside = [v for v in every if specifier.contains(v, prereleases=True)]
        if not every:
            return f"the index lists no file of {name} that podwheel could use"
        if not inside:
            there = f"there are {_listed(every)}"
            near = [v for v in _near_versions(specifier, every) if v not in every[:SHOWN]]
            return f"{there}\nnear to it: {', '.join(map(str, near))}" if near else there
        shown = [(str(v), self._reason(shelf, v)) for v in inside[:SHOWN]]
        width = max(len(version) for version, _ in shown)
        lines = [f"{version:<{width}}  {reason}" for version, reason in shown]
        if len(inside) > SHOWN:
            lines.append(f"… and {len(inside) - SHOWN} older")
        return "\n".join(lines)

    def _reason(self, shelf: Shelf, version: Version) -> str:
        refused = shelf.refused(version)
        if refused is not None:
            return refused
        for node, rejection in self._provider.rejected.items():
            if node.candidate.name == shelf.name and node.candidate.version == version:
                return rejection.text
        yanked = [c.file.yanked for c in shelf.choices if c.version == version]
        reasons = [reason for reason in yanked if reason is not None]
        if len(reasons) == len(yanked):
            return f"yanked: {reasons[0]}" if reasons[0] else "yanked"
        if version.is_prerelease and not self._provider.catalogue.policy.prereleases:
            return "a pre-release"
        return "does not go with the rest"

    def _error_of(self, name: NormalizedName, version: Version) -> PodwheelError | None:
        """The error that made a version unusable."""
        for node, rejection in self._provider.rejected.items():
            if node.candidate.name == name and node.candidate.version == version:
                return rejection.error
        return None

    def _hints(self, shelf: Shelf, inside: Sequence[Version]) -> tuple[str, ...]:
        reasons = {self._reason(shelf, version) for version in inside}
        hints = []
        if "a pre-release" in reasons:
            hints.append("--pre takes pre-releases, and so does a specifier that names one")
        if any(reason.startswith("yanked") for reason in reasons):
            hints.append(f"a yanked version is taken only when pinned: {shelf.name}==VERSION")
        if shelf.format is Format.WHEEL and any(r.why is Why.FORMAT for r in shelf.refusals):
            hints.append(f"without --only-binary {shelf.name} podwheel builds it from source")
        return tuple(hints)

    def _near_names(self, name: NormalizedName) -> tuple[str, ...]:
        """Names of this very resolution that look like *name*: no index tells its whole list."""
        known = {n.name for needs in self._provider.seen.values() for n in needs}
        known |= self._provider.asked.constraints.keys()
        near = difflib.get_close_matches(name, sorted(known - {name}), n=3, cutoff=0.8)
        return (f"did you mean {' or '.join(near)}?",) if near else ()


def _label(need: Need) -> str:
    return f"{need.origin}: {need.text}" if need.parent is None else need.line


def _draw(branch: _Branch, depth: int) -> Iterator[str]:
    """The tree as lines; what follows from a line stands below it, indented."""
    indent = "  " * depth
    arrow = "→ " if depth else ""
    for label, below in branch.below.items():
        yield f"{indent}{arrow}{label}"
        yield from _draw(below, depth + 1)
    ends = sorted(branch.ends.items(), key=lambda end: max(end[1]), reverse=True)
    ends.sort(key=lambda end: end[0][0])  # packages by name, each one's newest version first
    for (package, text), versions in ends[:SHOWN]:
        found = sorted(set(versions), reverse=True)
        said = text if len(found) == 1 else text.replace("needs ", "need ", 1)
        yield f"{indent}{arrow}{package} {_listed(found)} {said}"
    if len(ends) > SHOWN:
        yield f"{indent}{arrow}… and {len(ends) - SHOWN} more like these"


def _listed(versions: Sequence[Version]) -> str:
    shown = ", ".join(str(version) for version in versions[:SHOWN])
    rest = len(versions) - SHOWN
    return f"{shown} and {rest} older" if rest > 0 else shown


def _near_versions(specifier: SpecifierSet, every: Sequence[Version]) -> list[Version]:
    """Of all versions, newest first: those beside the specifiers' own, and slips of the keyboard."""
    known = {str(version): version for version in every}
    rising = every[::-1]
    near: set[Version] = set()
    for part in specifier:
        try:
            place = bisect.bisect(rising, Version(part.version.removesuffix(".*")))
        except InvalidVersion:  # === takes any text
            continue
        near.update(rising[max(place - 1, 0) : place + 1])
        if is_pinned(specifier):
            alike = difflib.get_close_matches(part.version, known, n=2, cutoff=0.8)
            near.update(known[text] for text in alike)
    return sorted(near, reverse=True)
