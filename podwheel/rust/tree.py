"""What a source archive says of its Rust code: locks, crates that it brings along, wishes for rustc.

Read without unpacking and without cargo: manifests, locks, toolchain files and cargo's
configuration are data. Which of them count is told in reach.py.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from podwheel.archives.streams import Unreadable, name_parts, open_regular
from podwheel.archives.zips import Kind, Limits
from podwheel.errors import CargoLockMissing, SourceUnusable
from podwheel.rust import wants
from podwheel.rust.layout import CHECKSUMS
from podwheel.rust.lock import Lock, read_lock
from podwheel.rust.manifest import join, parse
from podwheel.rust.members import members
from podwheel.rust.reach import Crates, Start, is_aside
from podwheel.rust.replacement import Directory, Replacements, Unresolvable, replacements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from podwheel.rust.lock import Source
    from podwheel.rust.manifest import Manifest
    from podwheel.rust.members import Parts
    from podwheel.rust.reach import Reach
    from podwheel.toolchains.want import Want

_MANIFEST: Final = "Cargo.toml"
_LOCK: Final = "Cargo.lock"
_TOOLCHAINS: Final = (
    "rust-toolchain",
    "rust-toolchain.toml",
)  # rustup looks for them in this order
_CONFIGS: Final = ((".cargo", "config"), (".cargo", "config.toml"))  # and cargo in this one
_READ: Final = frozenset({_MANIFEST, _LOCK, "pyproject.toml", *_TOOLCHAINS})
_TEXT_LIMIT: Final = 16 << 20
_TEXTS_LIMIT: Final = 256 << 20
"""Of all texts together: a few thousand vendored manifests have some ten MiB."""
_LEAST: Final = re.compile(r">=\s*(\d[\d.]*)")


@frozen(kw_only=True)
class Tree:
    """The Rust side of a source; nothing of it was executed."""

    filename: str
    locks: tuple[tuple[str, Lock], ...]
    """The locks that a build may read, by their path in the source (below its top directory)."""
    unlocked: tuple[str, ...]
    """Where a Cargo.lock is missing: paths in the source."""
    lock_path: str
    """Where a lock of the user's own goes: the missing one's place, else that of the first."""
    certain: bool
    """The build is known to run cargo (maturin, setuptools-rust); False: it may do without."""
    brought: frozenset[Source] = frozenset()
    """Sources whose crates are in the archive: its own cargo configuration says where."""
    stated: tuple[Want, ...] = ()
    """Wishes of manifests and toolchain files."""

    @property
    def needed(self) -> tuple[Lock, ...]:
        """The locks, less the crates that the source brings along: what must be fetched."""
        return tuple(lock.without(self.brought) for _, lock in self.locks)

    @property
    def wants(self) -> tuple[Want, ...]:
        """What rustc and cargo must be: the largest wishes, firm ones where it is known to run."""
        formats = [
            wants.of_lock(lock.format, by=f"format {lock.format} of {path}", firm=self.certain)
            for path, lock in self.locks
        ]
        return wants.strongest([*self.stated, *formats])

    def with_lock(self, text: str, where: str) -> Tree:
        """The same source with a lock that the user gives; it is to be put at `lock_path`.

        Args:
            text: Its content.
            where: The user's file, for messages.

        Raises:
            CargoLockUnusable: It cannot be used.
        """
        others = tuple((path, lock) for path, lock in self.locks if path != self.lock_path)
        return evolve(
            self,
            locks=((self.lock_path, read_lock(text, where=where)), *others),
            unlocked=tuple(path for path in self.unlocked if path != self.lock_path),
        )

    def check_locked(self, *, package: str, wanted_by: Sequence[str] = ()) -> None:
        """Whether each workspace that the build reads has its lock.

        Args:
            package: The Python package's name, for the setting that is shown.

        Raises:
            CargoLockMissing: One has none.
        """
        if not self.unlocked:
            return
        manifest = self.unlocked[0].removesuffix(_LOCK) + _MANIFEST
        name = package if re.fullmatch(r"[A-Za-z0-9_-]+", package) else f'"{package}"'
        raise CargoLockMissing(
            f"{self.filename} has Rust code and no {self.unlocked[0]}: which crates it means, "
            "and their hashes, nobody wrote down",
            wanted_by=wanted_by,
            hint=(
                "make one, in the unpacked source and where there is a network:",
                f"  cargo generate-lockfile --manifest-path {manifest}",
                f"then name it in podwheel.toml: [package.{name}]",
                '  cargo-lock = "path/to/Cargo.lock"',
            ),
        )


def read_tree(
    archive: Path, *, filename: str, subdirectory: str | None = None, limits: Limits | None = None
) -> Tree | None:
    """Read a source archive (tar or ZIP, told by content).

    Args:
        archive: The file; it may be named by hash.
        filename: Its published name, for messages.
        subdirectory: Where the Python project is, below the top directory. Workspaces above it count.
        limits: What it may cost.

    Returns:
        None where there is no Cargo.toml that a build could start from.

    Raises:
        SourceUnusable: It is no such archive, or larger than *limits*.
        CargoLockUnusable: A lock that the build reads cannot be used.
    """
    try:
        project = name_parts(subdirectory or "")
        texts, vendored = _texts(archive, limits or Limits())
    except Unreadable as reason:
        raise SourceUnusable(
            f"{filename} is not a usable source archive: {reason}",
            hint="get it again; if the index serves it so, tell its maintainers",
        ) from reason
    return _Reading(texts, vendored, filename=filename, project=project).tree()


def _texts(archive: Path, limits: Limits) -> tuple[dict[Parts, str], frozenset[Parts]]:
    """The files that matter, and the directories of vendored crates; below the one top directory."""
    texts: dict[Parts, str] = {}
    vendored: set[Parts] = set()
    links: dict[Parts, str] = {}
    tops: set[str] = set()
    alone = True
    left = _TEXTS_LIMIT
    with open_regular(archive, limit=limits.size, linked=True) as file:
        for member in members(file, limits=limits):
            parts = member.parts
            tops.add(parts[0])
            alone = alone and (len(parts) > 1 or member.kind is Kind.DIRECTORY)
            if parts[-1] == CHECKSUMS:
                vendored.add(parts[:-1])
            if not (parts[-1] in _READ or parts[-2:] in _CONFIGS):
                continue
            if member.kind is Kind.LINK:
                links[parts] = member.target
            elif member.kind is Kind.FILE:
                if parts in texts:
                    raise Unreadable(f"{'/'.join(parts)} is there twice")
                texts[parts] = member.text(limit=min(_TEXT_LIMIT, left))
                left -= len(texts[parts])
    for parts, target in links.items():
        if (real := join(parts[:-1], target)) in texts:
            texts.setdefault(parts, texts[real])
    cut = 1 if alone and len(tops) == 1 else 0
    return {p[cut:]: t for p, t in texts.items()}, frozenset(d[cut:] for d in vendored)


class _Reading:
    """One source that is looked at."""

    def __init__(
        self,
        texts: Mapping[Parts, str],
        vendored: frozenset[Parts],
        *,
        filename: str,
        project: Parts,
    ) -> None:
        self._texts = texts
        self._vendored = vendored
        self._filename = filename
        self._project = project
        self._manifests = dict(self._parsed(vendored=False))
        self._crates = Crates(self._manifests)

    def tree(self) -> Tree | None:
        start = self._crates.start(
            self._texts.get((*self._project, "pyproject.toml")), self._project
        )
        if not start.directories:
            return None
        reach = self._crates.reach(start.directories)
        places = self._lock_places(start, reach)
        locks = tuple(
            (path, read_lock(self._texts[place], where=f"{self._filename}: {path}"))
            for place in places
            if (path := "/".join(place))
        )
        unlocked = tuple(
            "/".join((*root, _LOCK))
            for root in reach.roots
            if (*root, _LOCK) not in places and root not in reach.unlockable
        )
        first = "/".join((*reach.roots[0], _LOCK))
        return Tree(
            filename=self._filename,
            locks=locks,
            unlocked=unlocked,
            lock_path=unlocked[0] if unlocked else first,
            certain=start.certain,
            brought=self._brought(locks),
            stated=wants.strongest(self._wants(start, reach)),
        )

    def _parsed(self, *, vendored: bool) -> Iterator[tuple[Parts, Manifest]]:
        for parts, text in self._texts.items():
            if parts[-1] == _MANIFEST and self._is_vendored(parts) is vendored:
                manifest = parse(text, parts[:-1])
                if manifest is not None:
                    yield parts[:-1], manifest

    def _is_vendored(self, parts: Parts) -> bool:
        return any(parts[:n] in self._vendored for n in range(len(parts)))

    def _lock_places(self, start: Start, reach: Reach) -> tuple[Parts, ...]:
        """Those beside the workspaces' roots; where the start is only likely, all that may be read."""
        places = [(*root, _LOCK) for root in reach.roots]
        if not start.named:
            places += sorted(
                parts
                for parts in self._texts
                if parts[-1] == _LOCK and parts[:-1] in self._manifests and not is_aside(parts[:-1])
            )
        return tuple(dict.fromkeys(place for place in places if place in self._texts))

    def _wants(self, start: Start, reach: Reach) -> Iterator[Want | None]:
        for text in start.minimum:
            if (least := _LEAST.fullmatch(text.strip())) is not None:
                by = "rust-version of pyproject.toml"
                yield wants.of_version(least[1], by=by, firm=start.certain)
        for directory in reach.loaded:
            manifest = self._manifests[directory]
            root = self._crates.root(directory)
            edition = manifest.said("edition", root)
            by = f"edition {edition} of {manifest.path}"
            yield wants.of_edition(edition, by=by, firm=start.certain)
            if directory in reach.compiled:
                yield wants.of_version(
                    manifest.said("rust-version", root),
                    by=f"rust-version of {manifest.path}",
                    firm=start.certain and reach.compiled[directory],
                )
        for base in dict.fromkeys((self._project, *start.directories)):
            yield self._toolchain(base)
        for _, manifest in self._parsed(vendored=True):
            by = f"rust-version of {manifest.path}"
            yield wants.of_version(manifest.said("rust-version", manifest), by=by, firm=False)

    def _toolchain(self, base: Parts) -> Want | None:
        """The nearest toolchain file, from *base* upwards: the only one that rustup reads."""
        for n in range(len(base), -1, -1):
            for name in _TOOLCHAINS:
                parts = (*base[:n], name)
                if parts in self._texts:
                    return wants.of_toolchain(self._texts[parts], by="/".join(parts))
        return None

    def _brought(self, locks: tuple[tuple[str, Lock], ...]) -> frozenset[Source]:
        """The sources that the archive's own configuration replaces by a directory which is in it."""
        replaced, base = self._replacements()
        found = set()
        for source in {crate.source for _, lock in locks for crate in lock.crates}:
            try:
                end = replaced.end(source)
            except Unresolvable:
                continue  # cargo will say so
            if isinstance(end, Directory):
                place = join(base, end.path)
                if any(crate[:-1] == place for crate in self._vendored if crate):
                    found.add(source)
        return frozenset(found)

    def _replacements(self) -> tuple[Replacements, Parts]:
        """cargo's configuration for the project's directory, and what its paths are relative to."""
        for n in range(len(self._project), -1, -1):
            base = self._project[:n]
            for name in _CONFIGS:
                found = replacements(_document(self._texts.get((*base, *name), "")))
                if found.sources:
                    return found, base
        return Replacements(), ()


def _document(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return {}  # cargo will say so
