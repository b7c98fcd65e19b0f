"""What the user's lines say, sorted by name: needs, constraints, demanded hashes, a lock's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from packaging.markers import UndefinedComparison
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from podwheel.errors import MetadataUnusable, RequirementsFileError, ResolutionConflict
from podwheel.resolve.needs import (
    Need,
    marker_holds,
    needs_of_wanted,
    same_direct,
    shown,
    shown_direct,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from podwheel.model import Direct, File, Hash, Metadata, Origin, Wanted
    from podwheel.resolve.needs import Node


@frozen(kw_only=True)
class Constraint:
    """Every constraint line of one name, together. It never pulls the package in."""

    specifier: SpecifierSet
    directs: tuple[Direct, ...]
    lines: tuple[tuple[Origin, str], ...]

    def accepts(self, node: Node) -> bool:
        """Whether *node* is within the constraint."""
        candidate = node.candidate
        return all(same_direct(d, candidate.direct) for d in self.directs) and (
            self.specifier.contains(candidate.version, prereleases=True)
        )


UNCONSTRAINED = Constraint(specifier=SpecifierSet(), directs=(), lines=())


@frozen(kw_only=True)
class Asked:
    """The lines that apply to the target."""

    needs: tuple[Need, ...]
    """In the order of the lines; for messages. The outcome does not depend on it."""
    constraints: Mapping[NormalizedName, Constraint]
    hashes: Mapping[NormalizedName, frozenset[Hash]]
    """Only names with a ``--hash``; the bytes must have one of them."""
    files: Mapping[NormalizedName, tuple[File, ...]]
    """Only names that a lock gives; no index is asked for these."""

    def constraint(self, name: NormalizedName) -> Constraint:
        return self.constraints.get(name, UNCONSTRAINED)


def applying(lines: Sequence[Wanted], environment: dict[str, str]) -> tuple[Wanted, ...]:
    """The lines whose marker holds on the target.

    Raises:
        RequirementsFileError: A marker compares what cannot be compared.
    """
    return tuple(line for line in lines if _applies(line, environment))


def collect(
    wanted: Sequence[Wanted],
    constraints: Sequence[Wanted],
    metadata_of: Callable[[Direct, tuple[Hash, ...], Sequence[str]], Metadata],
) -> Asked:
    """Sort lines (see `applying`) by the names that they speak of.

    Args:
        metadata_of: Tells what a direct reference is; a line without a name needs it.

    Raises:
        RequirementsFileError: A constraint without a name, or with extras (as in pip).
        MetadataUnusable: A direct reference is another package than its line says.
        ResolutionConflict: Two lines demand different hashes of one package.
    """
    needs: list[Need] = []
    files: dict[NormalizedName, tuple[File, ...]] = {}
    demands: list[tuple[NormalizedName, Wanted]] = []
    for line in wanted:
        name = _name_of(line, metadata_of)
        needs.extend(needs_of_wanted(line, name))
        if line.files:
            files[name] = files.get(name, ()) + line.files
        demands.append((name, line))
    demands.extend((_constraint_name(w), w) for w in constraints)
    return Asked(
        needs=tuple(needs),
        constraints=_constraints(constraints),
        hashes=_hashes(demands),
        files=files,
    )


def _applies(wanted: Wanted, environment: dict[str, str]) -> bool:
    marker = wanted.requirement.marker if wanted.requirement else wanted.marker
    try:
        return marker_holds(marker, environment)
    except UndefinedComparison as error:
        raise RequirementsFileError(
            f"{wanted.origin}: the marker cannot be evaluated: {error}"
        ) from error


def _name_of(
    line: Wanted, metadata_of: Callable[[Direct, tuple[Hash, ...], Sequence[str]], Metadata]
) -> NormalizedName:
    """The name of a line; a direct reference is asked, also to see that it is what the line says."""
    direct = line.direct
    if direct is None:
        assert line.name is not None, "a line has a name or a direct reference"
        return line.name
    chain = (f"{line.origin} ({line.text})",)
    found = canonicalize_name(metadata_of(direct, line.hashes, chain).name)
    if line.name is not None and line.name != found:
        raise MetadataUnusable(
            f"{shown_direct(direct)} is {found}, not {line.name}", wanted_by=chain
        )
    return found


def _constraint_name(line: Wanted) -> NormalizedName:
    if line.name is None:
        raise RequirementsFileError(f"{line.origin}: a constraint must have a name: {line.text}")
    if line.requirement is not None and line.requirement.extras:
        raise RequirementsFileError(f"{line.origin}: a constraint cannot have extras: {line.text}")
    return line.name


def _constraints(limits: Iterable[Wanted]) -> dict[NormalizedName, Constraint]:
    found: dict[NormalizedName, Constraint] = {}
    for line in limits:
        assert line.requirement is not None, "checked by _constraint_name"
        name = _constraint_name(line)
        before = found.get(name, UNCONSTRAINED)
        text = f"{name} @ {shown_direct(line.direct)}" if line.direct else shown(line.requirement)
        found[name] = Constraint(
            specifier=before.specifier & line.requirement.specifier,
            directs=(*before.directs, line.direct) if line.direct else before.directs,
            lines=(*before.lines, (line.origin, text)),
        )
    return found


def _hashes(
    demands: Iterable[tuple[NormalizedName, Wanted]],
) -> dict[NormalizedName, frozenset[Hash]]:
    """What every line of a name accepts (pip intersects them as well)."""
    found: dict[NormalizedName, frozenset[Hash]] = {}
    origins: dict[NormalizedName, Origin] = {}
    for name, line in demands:
        if not line.hashes:
            continue
        mine = frozenset(line.hashes)
        both = mine & found.get(name, mine)
        if not both:
            raise ResolutionConflict(
                f"{origins[name]} and {line.origin} demand different hashes of {name}",
                hint="keep the lines of one of the two files, or give both hashes on each",
            )
        found[name] = both
        origins.setdefault(name, line.origin)
    return found
