"""What a finished set of wheels needs, held against what a captured server has (docs/capture.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from podwheel.archives.elf import glibc_version
from podwheel.prove.baseline import runs
from podwheel.syslibs.symbols import version_key
from podwheel.targets.replica import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from podwheel.model import Wheel
    from podwheel.prove.server import RuntimePackage, Server
    from podwheel.syslibs.needed import Object
    from podwheel.targets.capture import Capture, CapturedPython


@frozen(kw_only=True)
class Lacking:
    """A package or a library that wheels need, and that the server has not."""

    name: str
    """Of the package; of the library, where no package is known to have it."""
    kind: Literal["package", "library"]
    why: str
    """For people: ``libev.so.4``, ``12.1 is there, 15~ is needed``."""
    needed_by: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.name}"
            + (f" ({self.why})" if self.why else "")
            + f": {', '.join(self.needed_by)}"
        )


@frozen(kw_only=True)
class Differing:
    """A package that the server has in another version than the images have."""

    name: str
    server: str
    proven: str

    def __str__(self) -> str:
        return f"{self.name} {self.server} (proven with {self.proven})"


@frozen(kw_only=True)
class Fit:
    """How a set of wheels and a server go together."""

    capture: str
    """The description's file."""
    unfit: tuple[str, ...] = ()
    """What cannot be mended by installing anything: a sentence each."""
    lacking: tuple[Lacking, ...] = ()
    there: tuple[str, ...] = ()
    """Packages that the wheels need and the server has; sorted."""
    differing: tuple[Differing, ...] = ()
    command: str = ""
    """How packages are installed there; empty: not known."""

    @property
    def ok(self) -> bool:
        return not self.unfit and not self.lacking

    @property
    def line(self) -> str:
        """What to paste on the server; empty: no package is missing."""
        names = [one.name for one in self.lacking if one.kind == "package"]
        return " ".join([self.command or "install", *names]) if names else ""


def held_against(
    server: Server,
    capture: Capture,
    *,
    proven: Mapping[str, str],
    family: str = "",
    unfit: Iterable[str] = (),
) -> Fit:
    """Look up on the captured server what wheels need.

    A package counts as there by its name, or if the loader finds every library that it is needed
    for: somebody may have brought them another way.

    Args:
        proven: The versions of packages in the images, by name.
        family: Of the images' distribution. Where the server's is another, its packages have other
            names, and only libraries are looked up. Empty: the same.
        unfit: Of `unfit_wheels` and `newer_glibc`.
    """
    lacking, there, differing = [], [], []
    foreign = bool(family and capture.family) and family != capture.family
    for package in server.packages:
        if foreign:
            lacking += _unfound(package, capture)
            continue
        why = _lack(package, capture)
        if why is not None:
            lacking.append(
                Lacking(name=package.name, kind="package", why=why, needed_by=package.needed_by)
            )
            continue
        there.append(package.name)
        has, ours = capture.packages.get(package.name), proven.get(package.name)
        if has is not None and ours is not None and has.version != ours:
            differing.append(Differing(name=package.name, server=has.version, proven=ours))
    lacking += [
        Lacking(
            name=one.library,
            kind="library",
            why="no package is known to have it",
            needed_by=one.needed_by,
        )
        for one in server.unprovided
        if one.library not in capture.libraries
    ]
    return Fit(
        capture=capture.source,
        unfit=tuple(unfit),
        lacking=tuple(lacking),
        there=tuple(there),
        differing=tuple(differing),
        command=server.command,
    )


def _lack(package: RuntimePackage, capture: Capture) -> str | None:
    """Why a package does not count as there; None: it does."""
    has = capture.packages.get(package.name)
    if has is None:
        found = package.libraries and capture.libraries.issuperset(package.libraries)
        return None if found else ", ".join(package.libraries)
    # Least versions come from dpkg's symbols files, and so are in dpkg's order.
    if package.minimum and version_key(has.version) < version_key(package.minimum):
        return f"{has.version} is there, {package.minimum} or newer is needed"
    return None


def _unfound(package: RuntimePackage, capture: Capture) -> list[Lacking]:
    """What a server of another family lacks of a package: the libraries that its loader does not find."""
    if not package.libraries and package.name in capture.packages:  # git is git
        return []
    return [
        Lacking(
            name=name,
            kind="library",
            why=f"in the images: {package.name}",
            needed_by=package.needed_by,
        )
        for name in package.libraries or (package.name,)
        if name not in capture.libraries
    ]


# ------------------------------------------------------------ what no package mends


def unfit_wheels(
    wheels: Sequence[Wheel], capture: Capture, python: CapturedPython
) -> tuple[str, ...]:
    """Wheels that the server's Python does not accept, by tag or by version: a sentence each."""
    accepted = frozenset(python.tags)
    found = []
    for wheel in wheels:
        requires = wheel.metadata.requires_python
        if not wheel.tags & accepted:
            found.append(f"{wheel.filename} is not for {python}{_others(wheel, capture)}")
        elif requires and not requires.contains(python.version, prereleases=True):
            found.append(f"{wheel.filename} is for Python {requires}, not {python.version}")
    return tuple(found)


def _others(wheel: Wheel, capture: Capture) -> str:
    fitting = [str(p) for p in capture.pythons if wheel.tags & frozenset(p.tags)]
    return f"; it is for {', '.join(fitting)}" if fitting else ""


def newer_glibc(
    wheels: Sequence[Wheel], capture: Capture, *, objects: Callable[[Wheel], Sequence[Object]]
) -> tuple[str, ...]:
    """Wheels whose code asks for a newer C library than the server has: a sentence each."""
    name, version = capture.libc
    if name != "glibc":
        return ()
    has, found = numbers(version)[:2], []
    for wheel in wheels:
        asked = [
            glibc
            for one in objects(wheel)
            for _, symbols in one.bound
            for symbol in symbols
            if (glibc := glibc_version(symbol.rpartition("@")[2]))
        ]
        if asked and max(asked) > has:
            needs = ".".join(map(str, max(asked)))
            found.append(f"{wheel.filename} needs glibc {needs}; the server has {version}")
    return tuple(found)


def newer_cpu(compiled: Iterable[tuple[str, str]], capture: Capture) -> tuple[str, ...]:
    """Wheels that were compiled for a CPU that the server has not: a sentence each.

    Args:
        compiled: Names of wheels, and the CPU that each was compiled for.
    """
    return tuple(
        f"{name} was compiled for {cpu}; the server's CPU is {capture.cpu}"
        for name, cpu in compiled
        if runs(cpu, capture.cpu) is False
    )
