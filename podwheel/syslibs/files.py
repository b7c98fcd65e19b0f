"""The distribution's own index: which package has which file, and what the packages are.

It is made inside an image of the target's, by the distribution's own tools (stage ``index`` of its
Containerfile), and lies in the store as three files; docs/targets.md says what is in them. It is a
hint: what it names is installed by the distribution's package manager, with its signatures.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from podwheel.syslibs import packages
from podwheel.syslibs.lines import SortedLines
from podwheel.syslibs.packages import Packages, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.syslibs.packages import Package

_FAMILIES: Final = ("debian", "rpm")
_KEYS: Final = ("family", "install", "verified", "triplet")
# As Debian and the RPM families spell names. What is not one reaches no package manager.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


@frozen(kw_only=True)
class Entry:
    """One file of the distribution's."""

    path: str
    """Absolute. Where a directory is a link (``/lib`` → ``/usr/lib``), the one that the package names."""
    packages: tuple[str, ...]
    """Those that have it, at least one; only names that a package can have."""


@frozen(kw_only=True, eq=False)
class FileIndex:
    """What a distribution says of its files and packages; made by `open`.

    May be used by several threads at once.
    """

    family: str
    """``debian`` or ``rpm``."""
    install_command: str
    """What a person types before the names of packages: ``apt-get install``."""
    verified: bool
    """The package manager accepted the lists of files. Not those of a mirror in the middle of a sync:
    they may be of another day than the packages, which are always verified."""
    triplet: str
    """Multiarch's directory of the target's architecture, ``x86_64-linux-gnu``; empty where there is none."""
    _files: SortedLines = field(repr=False, alias="files")
    _packages: Packages = field(repr=False, alias="packages")

    @staticmethod
    def open(directory: Path) -> FileIndex:
        """The index in a directory with the files ``about``, ``files`` and ``packages``.

        Raises:
            FileIndexDamaged: One of them is not there, was cut off, or says what it cannot.
        """
        try:
            about = _about((directory / "about").read_text("utf-8"))
            files = SortedLines(directory / "files")
            listed = SortedLines(directory / "packages")
        except (OSError, ValueError) as error:
            raise damaged(str(error)) from error
        return FileIndex(
            family=about["family"],
            install_command=about["install"],
            verified=about["verified"] == "yes",
            triplet=about["triplet"],
            files=files,
            packages=Packages(listed, rpm=about["family"] == "rpm"),
        )

    def named(self, basename: str) -> tuple[Entry, ...]:
        """The files of exactly that name, in any directory, sorted by path.

        Raises:
            FileIndexDamaged: A line is none.
        """
        return tuple(self._entries(f"{basename}\t"))

    def starting(self, prefix: str, *, most: int = 1000) -> tuple[Entry, ...]:
        """The first *most* files whose name (not path) begins with *prefix*, sorted by name and path.

        Raises:
            FileIndexDamaged: A line is none.
        """
        return tuple(itertools.islice(self._entries(prefix), most))

    def package(self, name: str) -> Package | None:
        """The package of that name, or None.

        Raises:
            FileIndexDamaged: Its line is none.
        """
        return self._packages.get(name)

    def dependents(self, name: str) -> int:
        """How many of the distribution's packages need *name* directly (see `Packages.dependents`).

        Raises:
            FileIndexDamaged: A line is none.
        """
        return len(self._packages.dependents(name))

    def use(self, name: str) -> int:
        """How much of the distribution is built on *name*: what tells its first choice from a rival.

        The packages that need it, twice where it is their first choice; those that need a development package which only leads to it, as a
        distribution's defaults do (``mpi-default-dev``, ``libboost-dev``); and those that need the
        libraries of the same source that come with it.

        Raises:
            FileIndexDamaged: A line is none.
        """
        package = self.package(name)
        if package is None:
            return 0
        users = self._packages.dependents(name)
        leading = sum(self.dependents(user) for user in users if self.is_development(user))
        own = self._first_choices(name) - {name}
        libraries = sum(
            self.dependents(one)
            for one in own
            if (other := self.package(one)) is not None and other.source == package.source
        )
        first = sum(name in self._first_choices(user) for user in users)
        return len(users) + first + leading + libraries

    def _first_choices(self, name: str) -> set[str]:
        package = self.package(name)
        return {some[0] for some in package.depends if some} if package else set()

    def is_development(self, name: str) -> bool:
        """Whether a package is for building, by the distribution's own marks (see `packages`)."""
        return packages.is_development(name, self._packages.section(name))

    def _entries(self, prefix: str) -> Iterator[Entry]:
        for line in self._files.starting(prefix.encode("utf-8", "surrogateescape")):
            try:
                _, path, names = line.decode("utf-8", "replace").split("\t")
            except ValueError:
                raise damaged(f"a line of `files` is none: {line[:80]!r}") from None
            have = tuple(name for name in names.split(",") if _NAME.fullmatch(name))
            if have and path.startswith("/"):
                yield Entry(path=path, packages=have)


def _about(text: str) -> dict[str, str]:
    """The lines ``key=value``. Raises ValueError if one is missing or cannot be."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    for key in _KEYS:
        if not found.get(key, "\n").isprintable():
            raise ValueError(f"`about` does not say {key}")
    if found["family"] not in _FAMILIES:
        raise ValueError(f"family {found['family'][:40]!r} is neither of {', '.join(_FAMILIES)}")
    return found
