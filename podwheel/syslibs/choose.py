"""Which package, where several have what was missing; and when to ask instead of choosing.

In this order: one that is wanted anyway, by another thing that was missing or as a dependency of
what is chosen; a development package over another; and where packages really are rivals, the
one that the distribution itself builds upon, if it clearly does. Otherwise nothing is chosen:
the user is told who they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.syslibs.candidates import Candidate, candidates
from podwheel.syslibs.lack import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from podwheel.syslibs.files import FileIndex
    from podwheel.syslibs.lack import Lack, Missing

_CLEARLY: Final = 1.5
"""How many times as much of the distribution must be built on one as on its rival."""
_SHOWN: Final = 6


@frozen(kw_only=True)
class Choice:
    """What one lack came to."""

    lack: Lack
    candidate: Candidate | None
    """What to install; None: nothing was chosen."""
    rivals: tuple[str, ...] = ()
    """Packages that have it as well; where none was chosen, those to choose from."""

    @property
    def ambiguous(self) -> bool:
        return self.candidate is None and bool(self.rivals)

    @property
    def unknown(self) -> bool:
        return self.candidate is None and not self.rivals


def choose(
    lacks: Sequence[Lack], files: FileIndex, *, installed: Collection[str]
) -> tuple[Choice, ...]:
    """A package for each lack that one can be chosen for.

    Args:
        lacks: What was missing, in the order in which it was told.
        installed: Names of the packages that are in the image. What one of them has was not
            missing: the reason is another.

    Returns:
        One choice a lack, without those that an installed package has.
    """
    found = [(lack, _found(lack, files)) for lack in lacks]
    missing = [
        (lack, [c for c in several if not _in_place(c, installed)])
        for lack, several in found
        if not any(_in_place(c, installed) for c in several)
    ]
    # Without a choice first: they may be what settles the others.
    chosen = {c.package for _, several in missing for c in several if len(several) == 1}
    return tuple(_choice(lack, several, chosen, files) for lack, several in missing)


def _found(lack: Lack, files: FileIndex) -> list[Candidate]:
    """The candidates of all that would do; the nearest places only."""
    several = [c for missing in lack.any_of for c in candidates(missing, files)]
    best = min((c.rank for c in several), default=0)
    return [c for c in several if c.rank == best]


def _in_place(candidate: Candidate, installed: Collection[str]) -> bool:
    """Whether it is installed, at a place where it is found. Deeper down it may still be what lacks."""
    return candidate.rank == 0 and candidate.package in installed


def _choice(lack: Lack, several: Sequence[Candidate], chosen: set[str], files: FileIndex) -> Choice:
    by_package = {c.package: c for c in reversed(several)}
    if not by_package:
        return Choice(lack=lack, candidate=None)
    names = _wanted_anyway(by_package, chosen, files)
    if len(names) > 1 and _is_for_building(lack.any_of[0]):
        names = [n for n in names if files.is_development(n)] or names
    if len(names) > 1:
        names = _covering(names, several)
    if len(names) > 1:
        names = _smallest(names, files)
    if len(names) > 1:
        names = _built_upon(names, files)
    if len(names) > 1:
        return Choice(lack=lack, candidate=None, rivals=tuple(sorted(names)[:_SHOWN]))
    (name,) = names
    chosen.add(name)
    rivals = sorted(by_package.keys() - {name})
    return Choice(lack=lack, candidate=by_package[name], rivals=tuple(rivals[:_SHOWN]))


def _wanted_anyway(names: Iterable[str], chosen: Collection[str], files: FileIndex) -> list[str]:
    """Those that are installed anyway, as chosen packages or their direct dependencies; else all."""
    names = list(names)
    wanted = set(chosen).union(*(_brought(name, files) for name in chosen))
    return [n for n in names if n in wanted] or names


def _covering(names: Sequence[str], several: Sequence[Candidate]) -> list[str]:
    """Of several names for one thing, the packages that answer to the most of them."""
    answers = {n: len({c.missing for c in several if c.package == n}) for n in names}
    return [n for n in names if answers[n] == max(answers.values())]


def _smallest(names: Sequence[str], files: FileIndex) -> list[str]:
    """Without those that only bring another of them along."""
    rivals = set(names)
    return [n for n in names if not _brought(n, files) & (rivals - {n})] or list(names)


def _brought(name: str, files: FileIndex) -> set[str]:
    """What comes along with a package: of alternatives, what the distribution takes first."""
    package = files.package(name)
    return {some[0] for some in package.depends if some} if package else set()


def _built_upon(names: Sequence[str], files: FileIndex) -> list[str]:
    """The one that more of the distribution is built upon than on any other: clearly more, unless
    they are flavours of one thing, from one source, of which any will do."""
    first, second, *_ = sorted(names, key=lambda n: (-files.use(n), n))
    sources = {p.source for n in names if (p := files.package(n)) is not None}
    margin = 1 if len(sources) == 1 else _CLEARLY
    return [first] if files.use(first) > margin * files.use(second) else list(names)


def _is_for_building(missing: Missing) -> bool:
    """Whether a development package is the likelier one: not for a tool, unless it tells about a library."""
    if missing.kind is Kind.COMPILER:
        return False
    return missing.kind is not Kind.PROGRAM or missing.name.endswith("config")
