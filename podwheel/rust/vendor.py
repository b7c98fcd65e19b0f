"""All crates that a build may read, as one directory that it finds at a constant path.

::

    config.toml                 goes to $CARGO_HOME/config.toml: every source replaced, no network
    crates-io/serde-1.0.228/    a directory source for each source of the locks
    registry-1a2b3c4d5e6f/…
    git-1a2b3c4d5e6f/…

The crates are laid out once each (pieces.py) and linked here; a set that was made is used again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tomli_w
from attrs import frozen

from podwheel.archives.assemble import assemble
from podwheel.errors import CargoLockUnusable
from podwheel.rust import layout, pieces, wants
from podwheel.rust.fetch import fetch
from podwheel.rust.lock import Git, Registry
from podwheel.rust.registries import Unpacked
from podwheel.store import digest_of
from podwheel.toolchains.want import Want

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from podwheel.rust.lock import Crate, Lock, Source
    from podwheel.rust.registries import Registries
    from podwheel.store import Store

PREFIX: Final = "/podwheel/cargo"
"""Where every build finds the set."""

CONFIG: Final = "config.toml"
_KIND: Final = "crates"


@frozen(kw_only=True)
class Vendored:
    """A set of crates, laid out; immutable."""

    directory: Path
    """In the store; to be mounted read-only at `PREFIX`."""
    digest: str
    """sha256 (hex) of what is in it, whichever place it came from: its part in a step's identity."""
    crates: int
    wants: tuple[Want, ...]
    """The largest ``rust-version`` of all crates; not firm, for nobody knows which are compiled."""


def vendor(
    locks: Sequence[Lock],
    *,
    registries: Registries,
    store: Store,
    checkout: Callable[[Git], Path],
    wanted_by: Sequence[str] = (),
) -> Vendored:
    """Bring all crates of some locks, and lay them out.

    Nothing is asked and nothing fetched where the same set was made before.

    Args:
        locks: Of one source; what it brings along is left out of them (`Tree.needed`).
        checkout: Returns a tar of the repository at that commit, with one top directory. It is
            called one at a time, in the caller's thread.
        wanted_by: Who wants the package whose locks they are, innermost first.

    Raises:
        CargoLockUnusable: The locks contradict each other.
        CrateUnusable: A crate or repository is not what its name says.
        DownloadError: A crate cannot be had, or is another one than the lock means.
    """
    wanted = _union(locks, wanted_by)
    sets = [
        _Set(source=source, crates=tuple(crates), store=store, registries=registries, by=wanted)
        for source, crates in _by_source(wanted).items()
    ]
    config = _config([one.source for one in sets], registries)
    keys = {one.name: one.keys() for one in sets}
    digest = digest_of([pieces.FORMAT, config, keys])
    place = store.root / "vendored" / digest[:2] / digest
    if store.tree(place) is None:
        fetched = fetch(
            [crate for one in sets for crate in one.to_fetch()],
            lambda crate: registries.bring(crate, wanted_by=wanted[crate]),
            has=lambda crate: crate.checksum is not None and store.blob(crate.checksum) is not None,
        )
        laid_out = [one.laid_out(fetched, checkout) for one in sets]

        def make(into: Path) -> None:
            layout.write(into / CONFIG, config.encode())
            for one, parts in zip(sets, laid_out, strict=True):
                for name, tree in parts.items():
                    assemble([tree], into=into / one.name / name)
            _open_to_all(into)

        layout.once(store, place, make)
    return Vendored(
        directory=place, digest=digest, crates=len(wanted), wants=_wants(store, digest, place)
    )


def repositories(locks: Sequence[Lock], *, store: Store) -> tuple[Git, ...]:
    """The repositories that `vendor` will ask *checkout* for: those not laid out yet.

    Raises:
        CargoLockUnusable: The locks contradict each other.
    """
    return tuple(
        source
        for source, crates in _by_source(_union(locks, ())).items()
        if isinstance(source, Git)
        and store.tree(pieces.place_of(store, pieces.repository_key(source, crates))) is None
    )


@frozen(kw_only=True)
class _Set:
    """The crates of one source."""

    source: Source
    crates: tuple[Crate, ...]
    store: Store
    registries: Registries
    by: dict[Crate, tuple[str, ...]]

    @property
    def name(self) -> str:
        return _directory(self.source)

    def keys(self) -> list[Any]:
        """What names the content: known before anything is fetched."""
        if isinstance(self.source, Git):
            return [pieces.repository_key(self.source, self.crates)]
        unpacked = self._unpacked()
        if unpacked is None:
            return [pieces.archive_key(crate) for crate in self.crates]
        return [
            pieces.vendored_key(crate, self._vendored(unpacked, crate)[1]) for crate in self.crates
        ]

    def to_fetch(self) -> tuple[Crate, ...]:
        """The crates whose ``.crate`` files are needed."""
        if isinstance(self.source, Git) or self._unpacked() is not None:
            return ()
        return tuple(
            c
            for c in self.crates
            if self.store.tree(pieces.place_of(self.store, pieces.archive_key(c))) is None
        )

    def laid_out(
        self, fetched: dict[Crate, Path], checkout: Callable[[Git], Path]
    ) -> dict[str, Path]:
        """The trees, by what they are called in the source's directory (``.``: all of it)."""
        if not isinstance(self.source, Git):
            return {crate.directory: self._one(crate, fetched) for crate in self.crates}
        place = pieces.place_of(self.store, pieces.repository_key(self.source, self.crates))
        if self.store.tree(place) is None:
            place = pieces.from_repository(
                self.store,
                self.source,
                self.crates,
                checkout(self.source),
                wanted_by=self.by[self.crates[0]],
            )
        return {".": place}

    def _one(self, crate: Crate, fetched: dict[Crate, Path]) -> Path:
        unpacked, by = self._unpacked(), self.by[crate]
        if unpacked is not None:
            place, files = self._vendored(unpacked, crate)
            return pieces.from_vendored(self.store, crate, place, files, wanted_by=by)
        if crate in fetched:
            return pieces.from_archive(self.store, crate, fetched[crate], wanted_by=by)
        return pieces.place_of(self.store, pieces.archive_key(crate))

    def _unpacked(self) -> Unpacked | None:
        assert isinstance(self.source, Registry)
        place = self.registries.place(self.source)
        return place if isinstance(place, Unpacked) else None

    def _vendored(self, unpacked: Unpacked, crate: Crate) -> tuple[Path, dict[str, str]]:
        return pieces.vendored(unpacked.path, crate, wanted_by=self.by[crate])


def _union(locks: Sequence[Lock], wanted_by: Sequence[str]) -> dict[Crate, tuple[str, ...]]:
    """Every crate once, with who wants it."""
    found: dict[Crate, tuple[str, ...]] = {}
    seen: dict[tuple[Any, ...], Crate] = {}
    commits: dict[tuple[Any, ...], str] = {}
    for lock in locks:
        for crate in lock.crates:
            source = crate.source
            if seen.setdefault((crate.directory, source), crate) != crate:
                raise CargoLockUnusable(
                    f"{lock.where} has another checksum of {crate} than the lock before it",
                    wanted_by=wanted_by,
                )
            if isinstance(source, Git):
                commit = commits.setdefault((source.url, source.reference), source.commit)
                if commit != source.commit:
                    # One configuration serves the whole build, and cannot tell the two apart.
                    raise CargoLockUnusable(
                        f"{lock.where} wants {source}, and the lock before it commit {commit[:12]}"
                        " of the same branch, tag or revision",
                        wanted_by=wanted_by,
                    )
            found.setdefault(crate, (str(crate), lock.where, *wanted_by))
    return found


def _by_source(crates: dict[Crate, tuple[str, ...]]) -> dict[Source, list[Crate]]:
    found: dict[Source, list[Crate]] = {}
    for crate in sorted(crates, key=lambda c: (_directory(c.source), c.directory)):
        found.setdefault(crate.source, []).append(crate)
    return found


def _directory(source: Source) -> str:
    if isinstance(source, Git):
        return f"git-{digest_of([source.url, source.reference, source.commit])[:12]}"
    return "crates-io" if source.is_crates_io else f"registry-{digest_of(source.url)[:12]}"


def _config(sources: Sequence[Source], registries: Registries) -> str:
    """cargo's configuration (the Cargo book, "Source Replacement").

    ``[registries]`` too: a manifest may name a registry as the user's own configuration does.
    """
    tables: dict[str, dict[str, str]] = {}
    named: dict[str, dict[str, str]] = {}
    for source in sources:
        directory = _directory(source)
        table: dict[str, str] = {}
        if isinstance(source, Git):
            table["git"] = source.url
            if source.reference is not None:
                table[source.reference[0]] = source.reference[1]
        elif not source.is_crates_io:
            table["registry"] = source.url
            for name in registries.names(source):
                named[name] = {"index": source.url}
        tables[directory] = {**table, "replace-with": f"podwheel-{directory}"}
        tables[f"podwheel-{directory}"] = {"directory": f"{PREFIX}/{directory}"}
    document: dict[str, Any] = {"net": {"offline": True}}
    if tables:
        document["source"] = tables
    if named:
        document["registries"] = named
    return tomli_w.dumps(document)


def _open_to_all(place: Path) -> None:
    """`assemble` makes directories by the umask; the containers' user is somebody else."""
    for at, _, _ in os.walk(place):
        Path(at).chmod(0o755)


def _wants(store: Store, digest: str, place: Path) -> tuple[Want, ...]:
    known = store.read(_KIND, digest)
    if known is None:
        found = wants.strongest(_stated(place))
        known = [{"minimum": want.minimum, "by": want.by} for want in found]
        store.write(_KIND, digest, known)
    return tuple(
        Want(tool="rust", minimum=one["minimum"], by=one["by"], firm=False) for one in known
    )


def _stated(place: Path) -> Iterator[Want | None]:
    for path in sorted(place.glob("*/[!.]*")):
        manifest = pieces.read_manifest(path, ())
        if manifest is not None:
            version, edition = (manifest.said(k, manifest) for k in ("rust-version", "edition"))
            yield wants.of_version(version, by=f"rust-version of the crate {path.name}", firm=False)
            by = f"edition {edition} of the crate {path.name}"
            yield wants.of_edition(edition, by=by, firm=False)
