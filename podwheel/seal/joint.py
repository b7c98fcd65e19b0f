"""One wheelhouse for several targets: which of its wheels is for which of them.

A lock tells targets apart by markers, and a directory tells wheels apart by their names. What
neither can tell apart is refused here, before anything is published: a server that takes
another target's wheel would install what nobody proved there.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from attrs import frozen
from packaging.markers import Marker
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from podwheel import log
from podwheel.archives import differing
from podwheel.errors import WheelsClash
from podwheel.seal.lock import MARKERS, document_of, marker_of, package_of, provenance_of, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.pylock import Package

    from podwheel.model import Target, Wheel
    from podwheel.seal.entry import Entry

_SHOWN = 4
_APART = (
    "without --one-wheelhouse each target gets a wheelhouse of its own; what is built already comes from the store",
)
_SAME_TOOLS = (
    "pure wheels are the same bytes where the same build tools made them: pin those with --build-constraint",
)


@frozen(kw_only=True)
class Share:
    """What the wheelhouse has for one of its targets."""

    target: Target
    entries: tuple[Entry, ...]
    """One a package."""
    system_packages: Mapping[str, Any]
    """``[tool.podwheel.system-packages]``, for this target."""


def joint_entries(shares: Sequence[Share]) -> tuple[Entry, ...]:
    """Every wheel once, sorted by file name.

    Raises:
        WheelsClash: Wheels of two targets have one name and differ; or an installer on one target
            would choose the wheel of another.
    """
    by_name: defaultdict[str, list[tuple[Target, Entry]]] = defaultdict(list)
    for share in shares:
        for entry in share.entries:
            by_name[entry.wheel.filename].append((share.target, entry))
    if clashes := [line for users in by_name.values() for line in _differences(users)]:
        pure = any("-none-any.whl" in line for line in clashes)
        raise _clash(shares, clashes, _SAME_TOOLS if pure else ())
    wheels = [users[0][1].wheel for users in by_name.values()]
    if stolen := [line for share in shares for line in _stolen(share, wheels)]:
        raise _clash(shares, stolen)
    return tuple(by_name[name][0][1] for name in sorted(by_name))


def make_joint_lock(shares: Sequence[Share], *, podwheel: str) -> Mapping[str, Any]:
    """The lock of the wheelhouse, ready for `tomli_w`; like `seal.lock.make_lock`'s for one target.

    A package that all targets install from the same wheel has no marker. Every other one is there
    once a wheel, with the marker of the targets that it is for.

    Raises:
        WheelsClash: Markers cannot tell apart two targets that need different wheels.
    """
    rows = _rows(shares)
    python = min(share.target.python.series for share in shares)
    environments = {str(m): m for s in shares if (m := marker_of(s.target.python, MARKERS))}
    lock = Pylock(
        lock_version=Version("1.0"),
        created_by="podwheel",
        environments=list(environments.values()) or None,
        requires_python=SpecifierSet(f">={python[0]}.{python[1]}"),
        packages=[_package(row, rows) for row in rows],
        tool={
            "podwheel": {
                "version": podwheel,
                "targets": [
                    {
                        **target_of(share.target),
                        **(
                            {"system-packages": dict(share.system_packages)}
                            if share.system_packages
                            else {}
                        ),
                    }
                    for share in shares
                ],
            }
        },
    )
    return document_of(lock)


# ------------------------------------------------------------ what cannot be told apart


def _clash(shares: Sequence[Share], lines: Sequence[str], more: Sequence[str] = ()) -> WheelsClash:
    names = " and ".join(share.target.name for share in shares)
    rest = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return WheelsClash(
        f"one wheelhouse cannot serve {names}",
        said="\n".join([*lines[:_SHOWN], *rest]),
        hint=(*_APART, *more),
    )


def _differences(users: Sequence[tuple[Target, Entry]]) -> Iterable[str]:
    """A line for the first two targets whose wheels of one name differ."""
    target, first = users[0]
    for other, entry in users[1:]:
        if entry.wheel.sha256 != first.wheel.sha256:
            members = differing(first.wheel, entry.wheel)
            rest = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
            where = ", ".join(members[:_SHOWN]) + rest if members else "how it is packed"
            yield (f"{first.wheel.filename}: {target.name}'s and {other.name}'s differ in {where}")
            return


def _stolen(share: Share, wheels: Sequence[Wheel]) -> Iterable[str]:
    """A line for each package of a target for which an installer there would take another wheel.

    Among wheels of one version pip takes the one whose tag comes first. Of versions it takes the
    newest that the requirements allow, as it was resolved: that is only warned of.
    """
    order = {tag: number for number, tag in enumerate(share.target.python.tags)}
    version = share.target.python.version

    def rank(wheel: Wheel) -> int:
        return min((order[tag] for tag in wheel.tags if tag in order), default=len(order))

    for own in (entry.wheel for entry in share.entries):
        for other in wheels:
            python = other.metadata.requires_python
            if (
                other.name != own.name
                or other.filename == own.filename
                or rank(other) == len(order)
                or (python is not None and not python.contains(version, prereleases=True))
            ):
                continue
            if other.version == own.version and rank(other) <= rank(own):
                yield (
                    f"{own.filename} is {share.target.name}'s, but pip would take {other.filename} there"
                )
            elif other.version > own.version:
                log.get().warning(
                    "wheelhouse.newer",
                    target=share.target.name,
                    own=own.filename,
                    other=other.filename,
                )


# ------------------------------------------------------------ the lock


@frozen(kw_only=True)
class _Row:
    """One wheel, and the targets that it is for."""

    users: tuple[tuple[Target, Entry], ...]
    marker: Marker | None

    @property
    def wheel(self) -> Wheel:
        return self.users[0][1].wheel


def _rows(shares: Sequence[Share]) -> list[_Row]:
    """Sorted by name, version and file name."""
    users: defaultdict[str, list[tuple[Target, Entry]]] = defaultdict(list)
    for share in shares:
        for entry in share.entries:
            users[entry.wheel.filename].append((share.target, entry))
    marks = _marks([share.target for share in shares])
    rows = [_Row(users=tuple(of), marker=_marker(of, marks)) for of in users.values()]
    return sorted(rows, key=lambda r: (r.wheel.name, r.wheel.version, r.wheel.filename))


def _marks(targets: Sequence[Target]) -> dict[str, Marker | None]:
    """By target: the shortest marker that tells it from those of the others that have another environment."""
    known = [target.python.marker_environment for target in targets]
    apart = [name for name in MARKERS if len({k.get(name) for k in known}) > 1]
    return {target.name: marker_of(target.python, apart) for target in targets}


def _marker(
    users: Sequence[tuple[Target, Entry]], marks: Mapping[str, Marker | None]
) -> Marker | None:
    names = {target.name for target, _ in users}
    if names == marks.keys():
        return None
    wanted = {str(marks[name]): name for name in sorted(names, reverse=True)}
    for other in sorted(marks.keys() - names):
        if (mark := str(marks[other])) in wanted:
            raise WheelsClash(
                f"a lock cannot tell {wanted[mark]} from {other}: their Python, machine and system "
                f"are the same, but only the first has {users[0][1].wheel.filename}",
                hint=_APART,
            )
    return Marker(" or ".join(sorted(f"({mark})" for mark in wanted)))


def _package(row: _Row, rows: Sequence[_Row]) -> Package:
    return package_of(
        row.users[0][1],
        _dependencies(row, rows),
        {"targets": {target.name: provenance_of(entry) for target, entry in row.users}},
        marker=row.marker,
    )


def _dependencies(row: _Row, rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """What it needs on its targets; of packages that are there twice, as many keys as tell which."""
    needed = {(target.name, name) for target, entry in row.users for name in entry.pin.dependencies}
    found = []
    for other in rows:
        if not needed & {(target.name, other.wheel.name) for target, _ in other.users}:
            continue
        table: dict[str, Any] = {"name": other.wheel.name}
        same_name = [r.wheel.version for r in rows if r.wheel.name == other.wheel.name]
        if len(same_name) > 1:
            table["version"] = str(other.wheel.version)
        if same_name.count(other.wheel.version) > 1:
            table["marker"] = str(other.marker)
        found.append(table)
    return found
