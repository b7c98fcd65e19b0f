"""Which of the target's *run-time* packages bring the libraries that wheels need.

The distribution's own index of files knows who has a library of that name; where several have
it, the one that the wheel was linked against in its build image, then the one that lies where
the loader looks by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from podwheel.syslibs.choose import choose
from podwheel.syslibs.symbols import version_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from podwheel.syslibs.files import Entry, FileIndex
    from podwheel.syslibs.lack import Lack, Missing
    from podwheel.syslibs.needed import Need, User
    from podwheel.syslibs.symbols import Minimum, Symbols

_RIVALS: Final = 10
_ELSEWHERE: Final = 2

# `libfoo.so.1.2` and `libfoo-2.so` say their version; `libfoo.so` is what a linker asks for.
_VERSIONED: Final = re.compile(r".+(?:\.so\.\d[\w.]*|-\d[\w.]*\.so)")
_WINDOWS: Final = re.compile(r"-\d+$")
_LIBRARY: Final = re.compile(r"(?:lib)?(?P<stem>.+?)(?:\.so)?")


@frozen(kw_only=True)
class Provided:
    """A library that wheels need, and the package that brings it."""

    soname: str
    package: str | None
    """None: no package of the distribution has it."""
    version: str | None
    """Of the package, in the index."""
    minimum: str | None
    """The least version of the package that has what the wheels use; None: not known, or any."""
    rivals: tuple[str, ...]
    """Other packages with a library of that name, those at likelier places first."""
    by: tuple[User, ...]
    """Who needs it; nobody for one that an import looked for by itself (`loaded_package`)."""


def packages_for(
    needs: Iterable[Need],
    *,
    files: FileIndex,
    linked: Collection[str] = (),
    symbols: Symbols | None = None,
) -> tuple[Provided, ...]:
    """A package for each library, in the order of *needs*.

    A library that no package has is left out where another wheel of the set brings it; else it
    is there, without a package.

    Args:
        files: The target's.
        linked: Packages in the images that the wheels were built in.
        symbols: Of those images, for least versions.
    """
    found = []
    for need in needs:
        minimum = symbols.minimum(need.soname, need.symbols) if symbols else None
        names = _packages_with(need.soname, files, linked=linked, stated=minimum)
        if not names and need.brought_by:
            continue
        if names and symbols and (minimum is None or minimum.package != names[0]):
            minimum = symbols.minimum(need.soname, need.symbols, package=names[0])
        found.append(evolve(_provided(need.soname, names, files, minimum), by=need.by))
    return tuple(found)


def _provided(
    soname: str, names: Sequence[str], files: FileIndex, minimum: Minimum | None = None
) -> Provided:
    package = files.package(names[0]) if names else None
    return Provided(
        soname=soname,
        package=names[0] if names else None,
        version=package.version if package else None,
        # A version of another package (one that it replaces, say) says nothing of this one.
        minimum=minimum.version if minimum and names and minimum.package == names[0] else None,
        rivals=tuple(names[1 : _RIVALS + 1]),
        by=(),
    )


def _packages_with(
    soname: str,
    files: FileIndex,
    *,
    linked: Collection[str] = (),
    stated: Minimum | None = None,
) -> list[str]:
    """Packages that have a library of that name (or path), the likeliest first."""
    entries = files.named(soname.rpartition("/")[2])
    if "/" in soname:  # the loader opens it as it is
        entries = tuple(e for e in entries if e.path == soname)
    return _ranked(entries, files, linked=linked, stated=stated.package if stated else "")


def _ranked(
    entries: Iterable[Entry], files: FileIndex, *, linked: Collection[str] = (), stated: str = ""
) -> list[str]:
    places: dict[str, int] = {}
    for entry in entries:
        place = _place(entry.path, files.triplet)
        for package in entry.packages:
            places[package] = min(place, places.get(package, place))

    def likelihood(name: str) -> tuple[bool, bool, int, bool]:
        return (
            name not in linked,
            name != stated,  # the distribution's own word, where alternatives have the same soname
            places[name],
            files.is_development(name),
        )

    names = sorted(places, key=lambda name: (likelihood(name), name))
    best = [name for name in names if likelihood(name) == likelihood(names[0])]
    if len(best) > 1:  # else nobody needs to read all packages of the distribution
        best.sort(key=lambda name: -files.dependents(name))
    return [*best, *names[len(best) :]]


def _place(path: str, triplet: str) -> int:
    """0 where the loader looks by itself, 1 one directory below (the alternatives system's), 2 elsewhere."""
    own = (f"/usr/lib/{triplet}", f"/lib/{triplet}") if triplet else ()
    standard = (*own, "/usr/lib64", "/lib64", "/usr/lib", "/lib")
    directory = path.rpartition("/")[0]
    if directory in standard:
        return 0
    return 1 if directory.rpartition("/")[0] in standard else _ELSEWHERE


# ------------------------------------------------------------ dlopen


def loaded_package(lack: Lack, files: FileIndex) -> Provided | None:
    """The package for a library that an import wanted to load by itself (`loading.dlopened`).

    The library of exactly that name; for a name without a version the newest ``libNAME.so.N``,
    from a run-time package where one has it. Packages that look for ``libfoo.so`` and nothing
    else are served by a development package: the last of the rivals.

    Returns:
        None where no package has any of the names.
    """
    for missing in lack.any_of:
        soname, names = _loadable(missing, files)
        if names:
            return _provided(soname, names, files)
    return None


def declared_package(lack: Lack, files: FileIndex) -> str | None:
    """The package for what a project says that it needs where it runs (PEP 725 ``dependencies``).

    A program of that name, for people name tools so (``git``); else its run-time library, also
    where only the development package goes by that name (``zlib``); else the package that is
    called so (``tzdata``).
    """
    for missing in lack.any_of:
        for entry in files.named(missing.name):
            if entry.path == f"/usr/bin/{missing.name}":
                return entry.packages[0]
    library = loaded_package(lack, files)
    if library is not None:
        return library.package
    (choice,) = choose([lack], files, installed=())
    names = [choice.candidate.package] if choice.candidate else [m.name for m in lack.any_of]
    return next((name for one in names if (name := _at_run_time(one, files))), None)


def _at_run_time(name: str, files: FileIndex) -> str | None:
    """The package itself, or the run-time part of the same source that a development package brings."""
    package = files.package(name)
    if package is None or not files.is_development(name):
        return None if package is None else name
    for some in package.depends:
        other = files.package(some[0]) if some else None
        if other and other.source == package.source and not files.is_development(other.name):
            return other.name
    return None


def _loadable(missing: Missing, files: FileIndex) -> tuple[str, list[str]]:
    exact = _packages_with(missing.name, files)
    if _VERSIONED.fullmatch(missing.name):
        return missing.name, exact
    runtime = [name for name in exact if not files.is_development(name)]
    if runtime:
        return missing.name, runtime + [name for name in exact if name not in runtime]
    for stem in _stems(missing.name):
        newest = _newest(stem, files)
        if newest:
            names = _ranked(files.named(newest), files)
            return newest, names + [name for name in exact if name not in names]
    return missing.name, exact


def _stems(name: str) -> tuple[str, ...]:
    """``libfoo.so``, ``foo`` → ``foo``; capitals as written, then as libraries are named; last
    without what Windows appends to a library's name (``gobject-2.0-0``)."""
    match = _LIBRARY.fullmatch(name)
    stem = match["stem"] if match else name
    return tuple(dict.fromkeys((stem, stem.lower(), _WINDOWS.sub("", stem))))


def _newest(stem: str, files: FileIndex) -> str:
    """The newest run-time library of that name: ``libfoo.so.2``, else ``libfoo-3.so.0``; empty if none."""
    name = re.compile(
        rf"lib{re.escape(stem)}(?P<series>[-.]?\d[\w.+-]*?)?\.so\.(?P<major>\d+)(?:\.\d+)*"
    )
    found = [
        match
        for entry in files.starting(f"lib{stem}")
        if (match := name.fullmatch(entry.path.rpartition("/")[2]))
        and not all(map(files.is_development, entry.packages))
        and _place(entry.path, files.triplet) < _ELSEWHERE
    ]
    best = max(
        [match for match in found if not match["series"]] or found,
        # The file's full version is not what it is loaded by: of one major the shortest name.
        key=lambda m: (_series(m["series"]), version_key(m["major"]), -len(m[0]), m[0]),
        default=None,
    )
    return best[0] if best else ""


def _series(text: str | None) -> Any:
    return version_key((text or "").strip("-."))
