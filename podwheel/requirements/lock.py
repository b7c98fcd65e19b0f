"""``pylock.toml`` (PEP 751) as input: every package pinned, with the only files that may serve.

What depends on the target stays for later: a package's marker goes into its requirement, the
lock's environments and requires-python into the request. What depends on the *question* (the
extras and groups that were chosen) is decided here, because only a lock's markers may speak of
``extras`` and ``dependency_groups``, and nobody further down should have to know.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from attrs import frozen
from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockValidationError,
)
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from podwheel.model import ArchiveUrl, Direct, File, Hash, LocalDirectory, Origin, VcsUrl, Wanted
from podwheel.requirements import urls
from podwheel.requirements.groups import parse_toml
from podwheel.requirements.lines import decode, load
from podwheel.requirements.problems import problem
from podwheel.requirements.system import system_packages_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from podwheel.model import SystemPackages

_MEMBERSHIP = re.compile(
    r"\"(?P<name>[^\"]*)\" (?P<not>not )?in (?P<set>extras|dependency_groups)\b"
)
_TRUE, _FALSE = 'python_version >= "0"', 'python_version < "0"'
_CONSTANTS_ONLY = re.compile(rf"(?:{re.escape(_TRUE)}|{re.escape(_FALSE)}|and|or|[() ])*")


@frozen(kw_only=True)
class Lock:
    """What a lock wants, and of which targets."""

    wanted: tuple[Wanted, ...]
    requires_python: SpecifierSet | None
    environments: tuple[Marker, ...]
    system_packages: tuple[SystemPackages, ...] = ()
    """What the builds of its packages were found to need on each target, if podwheel wrote it."""


def read_lock(
    source: str,
    path: Path,
    *,
    extras: frozenset[str] = frozenset(),
    groups: frozenset[str] = frozenset(),
    default_groups: bool = True,
) -> Lock:
    """Read the lock at *path*.

    Args:
        source: Its name for messages.
        extras: Normalised; none by default, as PEP 751 says.
        groups: Normalised.
        default_groups: Whether the lock's default groups are chosen as well.

    Raises:
        RequirementsFileError: It cannot be read, is not valid, names something that podwheel
            does not speak (a VCS other than git), or lacks an extra or group that is asked for.
    """
    origin = Origin(source=source)
    text = decode(load(path, origin), origin)
    try:
        document = parse_toml(text, origin)
        lock = Pylock.from_dict(document)
    except PylockValidationError as error:
        raise problem(origin, f"is not a valid lock (PEP 751): {error}") from None
    _check_known(origin, "extra", extras, lock.extras or ())
    defaults = _normal(lock.default_groups or ())
    _check_known(origin, "group", groups, (*(lock.dependency_groups or ()), *defaults))
    if default_groups:
        groups |= defaults
    reader = _Reader(path.parent, {"extras": extras, "dependency_groups": groups})
    lines = _package_lines(text, len(lock.packages))
    wanted = []
    for package, line in zip(lock.packages, lines, strict=True):
        at = Origin(source=source, line=line)
        try:
            found = reader.package(package, at)
        except urls.BadUrl as error:
            raise problem(at, error.why, text=package.name, hint=error.hint) from None
        if found is not None:
            wanted.append(found)
    return Lock(
        wanted=tuple(wanted),
        requires_python=lock.requires_python,
        environments=tuple(lock.environments or ()),
        system_packages=system_packages_of(document, source=source),
    )


def _normal(names: Iterable[str]) -> frozenset[str]:
    return frozenset(canonicalize_name(name) for name in names)


def _check_known(origin: Origin, kind: str, asked: frozenset[str], known: Iterable[str]) -> None:
    missing = sorted(asked - _normal(known))
    if missing:
        listed = ", ".join(sorted(_normal(known))) or "none"
        raise problem(origin, f"has no {kind} {missing[0]!r}", hint=f"its {kind}s: {listed}")


def _package_lines(text: str, packages: int) -> tuple[int | None, ...]:
    """The line of each ``[[packages]]``; unknown if the lock is written another way."""
    numbered = enumerate(text.splitlines(), start=1)
    lines = [number for number, line in numbered if re.match(r"\s*\[\[\s*packages\s*\]\]", line)]
    return tuple(lines) if len(lines) == packages else (None,) * packages


class _Reader:
    """Turns packages into `Wanted`; relative paths start at the lock's directory (PEP 751)."""

    def __init__(self, directory: Path, chosen: Mapping[str, frozenset[str]]) -> None:
        self._directory = directory
        self._chosen = chosen

    def package(self, package: Package, origin: Origin) -> Wanted | None:
        """None if its marker excludes it for the chosen extras and groups."""
        marker, possible = _decide(package.marker, self._chosen)
        if not possible:
            return None
        files = self._files(package)
        direct = self._direct(package)
        version = package.version or (_version_of(files[0].filename) if files else None)
        pinned = f"{package.name}=={version}" if version else package.name
        requirement = Requirement(pinned)
        requirement.marker = marker
        return Wanted(
            origin=origin, text=pinned, requirement=requirement, direct=direct, files=files
        )

    def _files(self, package: Package) -> tuple[File, ...]:
        distributions = (*(package.wheels or ()), *((package.sdist,) if package.sdist else ()))
        requires = str(package.requires_python) if package.requires_python else None
        return tuple(
            File(
                filename=one.filename,
                url=self._url(one),
                hashes=_hashes(one.hashes),
                requires_python=requires,
                size=one.size,
                uploaded=_aware(one.upload_time),
            )
            for one in distributions
        )

    def _direct(self, package: Package) -> Direct | None:
        if package.vcs is not None:
            if package.vcs.type != "git":
                raise urls.BadUrl(f"its VCS is {package.vcs.type!r}: only git is spoken")
            return VcsUrl(
                url=self._url(package.vcs),
                ref=urls.check_ref(package.vcs.commit_id),
                subdirectory=_subdirectory(package.vcs.subdirectory),
            )
        if package.directory is not None:
            path = urls.absolute(package.directory.path, self._directory)
            if not path.is_dir():
                raise urls.BadUrl(f"there is no directory {path}", "paths start beside the lock")
            return LocalDirectory(
                path=path, subdirectory=_subdirectory(package.directory.subdirectory)
            )
        if package.archive is not None:
            return ArchiveUrl(
                url=self._url(package.archive),
                subdirectory=_subdirectory(package.archive.subdirectory),
                hashes=_hashes(package.archive.hashes),
            )
        return None

    def _url(self, entry: PackageSdist | PackageWheel | PackageArchive | PackageVcs) -> str:
        """A path beside the lock, if it is there; else the URL."""
        if entry.path:
            path = urls.absolute(entry.path, self._directory)
            if path.exists() or not entry.url:
                return path.as_uri()
        url = entry.url or ""
        scheme = urls.scheme_of(url)
        known = ("http", "https", "file", "ssh", "git")
        if scheme in known[: None if isinstance(entry, PackageVcs) else 3]:
            return url
        raise urls.BadUrl(f"{url!r} is no URL that can be fetched")


def _subdirectory(text: str | None) -> str | None:
    return urls.check_subdirectory(text) if text else None


def _hashes(hashes: Mapping[str, str]) -> tuple[Hash, ...]:
    """The hashes that can be checked; at least one must be."""
    found = []
    for algorithm, digest in sorted(hashes.items()):
        if algorithm.lower() in urls.STRONG_HASHES:
            found.append(urls.parse_hash(f"{algorithm}:{digest}"))
    if not found:
        listed = ", ".join(sorted(hashes))
        wanted = ", ".join(urls.STRONG_HASHES)
        raise urls.BadUrl(f"its only hashes are {listed}", f"one of {wanted} is needed")
    return tuple(found)


def _aware(moment: datetime.datetime | None) -> datetime.datetime | None:
    """PEP 751 upload times are UTC, with or without saying so."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def _version_of(filename: str) -> Version:
    """PEP 751 lets a package leave its version to its files' names (packaging has checked these)."""
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[1]
    return parse_sdist_filename(filename)[1]


def _decide(
    marker: Marker | None, chosen: Mapping[str, frozenset[str]]
) -> tuple[Marker | None, bool]:
    """What is left of *marker* for the target to say, and whether the package can be wanted at all.

    `str(Marker)` is canonical (double quotes, single blanks), so a membership test is replaced
    by a marker that is always or never true. packaging has no public way into a marker's tree.
    """
    if marker is None:
        return None, True

    def decided(found: re.Match[str]) -> str:
        member = canonicalize_name(found["name"]) in chosen[found["set"]]
        return _TRUE if member != bool(found["not"]) else _FALSE

    text = _MEMBERSHIP.sub(decided, str(marker))
    left = Marker(text)
    if _CONSTANTS_ONLY.fullmatch(text):
        return None, left.evaluate()
    return left, True
