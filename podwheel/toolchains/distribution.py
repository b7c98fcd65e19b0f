"""Which versions of a tool the target's distribution has, by its own index of files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.syslibs.files import FileIndex
    from podwheel.syslibs.packages import Package

_PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {"rust": ("rustc", "cargo")}
"""What a tool consists of, where it is not one program of its own name. The first decides the version."""

_INSIDE: Final[Mapping[str, str]] = {"rust": "librustc_driver-"}
"""A file that the tool cannot be without. rustc is a small program in front of that library; rustup
has a ``rustc`` as well, which downloads one when it is run."""
_DEEP: Final = 2
"""Ubuntu's rustc is of rust-defaults, and brings rustc-1.75 of another source."""

_STANDARD: Final = ("/usr/bin", "/bin")
# Where a distribution keeps a second version: /usr/lib/rust-1.80/bin, /usr/lib64/go/1.22/bin. Other
# private copies (/usr/lib/APPLICATION/bin/node) have their package's version, not the tool's.
_PRIVATE: Final = re.compile(
    r"/usr/lib(?:64)?/(?:[^/]+/)*(?:[^/]*-)?(?P<version>\d+(?:\.\d+)*)/bin"
)

_EPOCH: Final = re.compile(r"\d+:")
_REALLY: Final = re.compile(r".*[+.]really")
_UPSTREAM: Final = re.compile(
    r"(?P<release>\d{1,9}(?:\.\d{1,9})*)(?:~?(?P<phase>alpha|beta|rc)[.~]?(?P<number>\d{1,9}))?"
)


@frozen(kw_only=True)
class Candidate:
    """A version of a tool that the distribution's package manager can install."""

    packages: tuple[str, ...]
    """All that have a program of the tool, the one that decides the version first."""
    releases: tuple[str, ...]
    """The version of each package, as the distribution spells it."""
    version: Version
    """Upstream's."""
    path: tuple[str, ...] = ()
    """Directories for PATH; empty where the programs are where every shell looks."""

    def __str__(self) -> str:
        named = ", ".join(f"{n} {r}" for n, r in zip(self.packages, self.releases, strict=True))
        return f"{self.version} of the distribution ({named})"


def of_distribution(tool: str, files: FileIndex) -> tuple[Candidate, ...]:
    """The versions of a tool that a distribution has, its default first.

    The default is what most of the distribution's packages need, among those that a shell finds
    by itself; then come the others, in the same order.

    Args:
        tool: ``rust``, ``cmake``, ``go``…: a program of that name, or those of `_PROGRAMS`.

    Raises:
        FileIndexDamaged: A line of the index is none.
    """
    main, *partners = _PROGRAMS.get(tool, (tool,))
    others = {program: _packages_with(program, files) for program in partners}
    inside = _INSIDE.get(tool)
    real = _sources_with(inside, files) if inside else None
    found = []
    for package, directory in _packages_with(main, files).values():
        if real is not None and not _brings(package, real, files):
            continue
        parts = [(package, directory)]
        for program, have in others.items():
            partner = _partner(package, main, program, have)
            parts += [partner] if partner else []
        version = upstream_version(package.version)
        if version is not None and len(parts) == 1 + len(partners):
            found.append(_candidate(parts, version))
    if len(found) > 1:  # else nobody needs to read all packages of the distribution
        found.sort(key=lambda c: (bool(c.path), -files.dependents(c.packages[0]), c.packages))
    return tuple(found)


def upstream_version(text: str) -> Version | None:
    """Upstream's version in a distribution's: ``1:1.96.0+dfsg1-1~deb13u1`` → 1.96.0; None without one.

    deb-version(7): an epoch before a colon, the distribution's revision after the last dash, both
    RPM's too. ``2.0+really1.9`` is 1.9, ``4.1~rc2`` is before 4.1; what else follows the numbers is
    the packagers'.
    """
    text = _REALLY.sub("", _EPOCH.sub("", text, count=1), count=1)
    match = _UPSTREAM.match(text)
    if match is None:
        return None
    phase = f"{match['phase']}{match['number']}" if match["phase"] else ""
    return Version(f"{match['release']}{phase}")


_Part = tuple["Package", str]


def _packages_with(program: str, files: FileIndex) -> dict[str, _Part]:
    """By name the packages with that program, each with the directory where it is; nearest places only."""
    found: dict[str, _Part] = {}
    for entry in files.named(program):
        directory = entry.path.rpartition("/")[0]
        for name in entry.packages:
            package = files.package(name)
            if package is None or not _is_place(directory, package):
                continue
            if name not in found or directory in _STANDARD:
                found[name] = (package, directory)
    return found


def _is_place(directory: str, package: Package) -> bool:
    if directory in _STANDARD:
        return True
    match = _PRIVATE.fullmatch(directory)
    version = upstream_version(package.version)
    return (
        match is not None
        and version is not None
        and f"{version.base_version}.".startswith(f"{match['version']}.")
    )


def _sources_with(prefix: str, files: FileIndex) -> set[str]:
    """The sources that have a file of such a name in any of their packages.

    Sources, not packages: Debian's lists of files are not renewed for security updates, and still
    name libstd-rust-web-1.85 where apt installs libstd-rust-web-1.96.
    """
    names = {name for entry in files.starting(prefix) for name in entry.packages}
    return {package.source for name in names if (package := files.package(name))}


def _brings(package: Package, sources: set[str], files: FileIndex) -> bool:
    """Whether it, or what is installed with it, is of one of the *sources*."""
    packages, seen = [package], {package.name}
    for _ in range(_DEEP):
        if any(one.source in sources for one in packages):
            return True
        names = {some[0] for one in packages for some in one.depends if some} - seen
        seen |= names
        packages = [found for name in names if (found := files.package(name))]
    return False


def _partner(package: Package, main: str, program: str, have: Mapping[str, _Part]) -> _Part | None:
    """The package with the tool's other program: the same, else one of the same source and version,
    else the one that is called alike: rustc-mozilla and cargo-mozilla are of two sources."""
    if package.name in have:
        return have[package.name]
    for other, directory in have.values():
        if (other.source, other.version) == (package.source, package.version):
            return other, directory
    return have.get(package.name.replace(main, program))


def _candidate(parts: list[_Part], version: Version) -> Candidate:
    directories = dict.fromkeys(place for _, place in parts if place not in _STANDARD)
    by_name = {package.name: package.version for package, _ in parts}
    return Candidate(
        packages=tuple(by_name),
        releases=tuple(by_name.values()),
        version=version,
        path=tuple(directories),
    )
