"""The crates of one source, laid out: from ``.crate`` files, vendored directories, repositories.

Each is a directory with ``Cargo.toml`` and ``.cargo-checksum.json``, as cargo's directory sources
want it (the Cargo book, "Source Replacement"; cargo's sources/directory.rs). The files' own
checksums stay empty: nobody edits a mounted read-only directory, and cargo would hash them all.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tomli_w

from podwheel.archives.streams import Unreadable, name_parts
from podwheel.errors import CrateUnusable, HashMismatch
from podwheel.rust import layout
from podwheel.rust.manifest import inherits_anything, parse, resolve_inheritance
from podwheel.rust.reach import Crates, is_aside
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from podwheel.rust.lock import Crate, Git
    from podwheel.rust.manifest import Manifest
    from podwheel.rust.members import Parts
    from podwheel.store import Store

FORMAT: Final = 1
"""Of what is laid out: a change makes all of it anew."""

REPOSITORY: Final = ".repository"
"""The whole checkout; cargo passes over hidden directories."""

_MANIFEST: Final = "Cargo.toml"
_MANIFEST_LIMIT: Final = 4 << 20
_CHECKSUMS_LIMIT: Final = 64 << 20
_SKIPPED: Final = frozenset({layout.CHECKSUMS})
_NOT_CHECKED_OUT: Final = frozenset({".git", layout.CHECKSUMS})


def place_of(store: Store, key: str) -> Path:
    """Where the piece of that key is laid out."""
    return store.root / "crates" / key[:2] / key


def from_archive(store: Store, crate: Crate, archive: Path, *, wanted_by: Sequence[str]) -> Path:
    """A registry's crate; its bytes were checked.

    Raises:
        CrateUnusable: It is no gzip tar of one directory ``name-version``.
    """

    def make(into: Path) -> None:
        try:
            layout.lay_out(archive, into=into, top=crate.directory, skip=_SKIPPED)
        except Unreadable as reason:
            raise CrateUnusable(
                f"the crate {crate} is not usable: {reason}", wanted_by=wanted_by
            ) from reason
        _write_checksums(into, crate.checksum)

    return layout.once(store, place_of(store, archive_key(crate)), make)


def archive_key(crate: Crate) -> str:
    """What names a registry's crate among the pieces."""
    return digest_of([FORMAT, "crate", crate.checksum, crate.directory])


# --------------------------------------------------------------------------- vendored on the host


def vendored(base: Path, crate: Crate, *, wanted_by: Sequence[str]) -> tuple[Path, dict[str, str]]:
    """The directory of a crate below *base*, and its files' sha256 as it says them itself.

    Raises:
        CrateUnusable: There is none, or its ``.cargo-checksum.json`` is not one.
        HashMismatch: It is of another ``.crate`` file than the lock means.
    """
    candidates = [base / crate.directory, base / crate.name]
    for place in candidates:
        manifest = read_manifest(place, ())
        if manifest is not None and _identity(manifest, manifest) == (crate.name, crate.version):
            break
    else:
        raise CrateUnusable(f"{base} has no directory of the crate {crate}", wanted_by=wanted_by)
    try:
        said: Any = json.loads(_bounded(place / layout.CHECKSUMS, _CHECKSUMS_LIMIT))
        files = {str(name): str(digest) for name, digest in said["files"].items()}
        package = said.get("package")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CrateUnusable(
            f"{place / layout.CHECKSUMS} is missing, or is not what cargo vendor writes",
            wanted_by=wanted_by,
        ) from None
    if package != crate.checksum:
        raise HashMismatch(
            f"{place} is not the crate that was asked for",
            said=f"got       sha256:{package}\nexpected  sha256:{crate.checksum}   (from the lock)",
            wanted_by=wanted_by,
        )
    return place, files


def vendored_key(crate: Crate, files: Mapping[str, str]) -> str:
    """Not the lock's sha256 alone, which such a directory only claims: its files count."""
    return digest_of([FORMAT, "vendored", crate.checksum, crate.directory, sorted(files.items())])


def from_vendored(
    store: Store, crate: Crate, place: Path, files: Mapping[str, str], *, wanted_by: Sequence[str]
) -> Path:
    """A copy of the files that such a directory lists, each checked.

    Raises:
        HashMismatch: A file is another one than it was.
        CrateUnusable: One is missing, or its name leads out.
    """

    def make(into: Path) -> None:
        for name, digest in files.items():
            try:
                parts = name_parts(name)
                data = place.joinpath(*parts).read_bytes()
            except (Unreadable, OSError) as error:
                raise CrateUnusable(
                    f"{name} of {place} cannot be read", wanted_by=wanted_by
                ) from error
            if hashlib.sha256(data).hexdigest() != digest:
                raise HashMismatch(
                    f"{place / name} was changed after it was vendored", wanted_by=wanted_by
                )
            for n in range(1, len(parts)):
                if not (above := into.joinpath(*parts[:n])).is_dir():
                    layout.directory(above)
            layout.write(into.joinpath(*parts), data)
        _write_checksums(into, crate.checksum)

    return layout.once(store, place_of(store, vendored_key(crate, files)), make)


# --------------------------------------------------------------------------- repositories


def repository_key(git: Git, crates: Sequence[Crate]) -> str:
    """What names a repository at a commit, with the crates that are made to stand for themselves."""
    return digest_of([FORMAT, "git", git.commit, sorted(c.directory for c in crates)])


def from_repository(
    store: Store, git: Git, crates: Sequence[Crate], archive: Path, *, wanted_by: Sequence[str]
) -> Path:
    """A whole directory source: the checkout, and a link to each crate of it that the lock names.

    The checkout stays whole: crates of one repository include each other's files, which copies of
    single directories (``cargo vendor``) would miss.

    Args:
        archive: A tar of the checkout, with one top directory.

    Raises:
        CrateUnusable: It is none, or has no crate of such a name and version.
    """

    def make(into: Path) -> None:
        try:
            layout.directory(into / REPOSITORY)
            layout.lay_out(archive, into=into / REPOSITORY, top=None, skip=_NOT_CHECKED_OUT)
        except Unreadable as reason:
            raise CrateUnusable(f"{git} is not usable: {reason}", wanted_by=wanted_by) from reason
        manifests = dict(_manifests(into / REPOSITORY))
        for crate in crates:
            _single_out(into, crate, manifests, wanted_by)

    return layout.once(store, place_of(store, repository_key(git, crates)), make)


def _single_out(
    into: Path, crate: Crate, manifests: Mapping[Parts, Manifest], wanted_by: Sequence[str]
) -> None:
    """Make one crate of a repository stand for itself, and link to it."""
    ways = Crates(manifests)
    found = [
        d for d, m in manifests.items() if _identity(m, ways.root(d)) == (crate.name, crate.version)
    ]
    if not found:
        raise CrateUnusable(f"{crate.source} has no crate {crate}", wanted_by=wanted_by)
    # Fixtures of tests may have the same name; cargo takes the one that it meets first.
    chosen = min(found, key=lambda d: (is_aside(d), len(d), d))
    directory = into.joinpath(REPOSITORY, *chosen)
    manifest, root = manifests[chosen], ways.root(chosen)
    if inherits_anything(manifest.table):
        up = os.path.relpath("/".join(root.directory) or ".", "/".join(chosen) or ".")
        resolved = resolve_inheritance(manifest.table, root.workspace or {}, up=up)
        (directory / _MANIFEST).unlink()
        layout.write(directory / _MANIFEST, tomli_w.dumps(resolved).encode())
    if not (directory / layout.CHECKSUMS).exists():
        _write_checksums(directory, None)
    (into / crate.directory).symlink_to("/".join((REPOSITORY, *chosen)))


def _manifests(base: Path) -> Iterator[tuple[Parts, Manifest]]:
    for at, names, files in os.walk(base):
        names[:] = sorted(name for name in names if name != "target")
        if _MANIFEST in files:
            parts = Path(at).relative_to(base).parts
            manifest = read_manifest(base, parts)
            if manifest is not None:
                yield parts, manifest


def read_manifest(base: Path, parts: Parts) -> Manifest | None:
    """The manifest of one directory below *base*; None where there is none that can be read."""
    path = base.joinpath(*parts, _MANIFEST)
    try:
        # Of a stranger's archive: a link is not followed.
        if path.is_symlink():
            return None
        return parse(_bounded(path, _MANIFEST_LIMIT).decode("utf-8", "replace"), parts)
    except (OSError, ValueError):
        return None


def _bounded(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{path} has more than {limit} bytes")
    return data


def _identity(manifest: Manifest, root: Manifest) -> tuple[str | None, str]:
    """Name and version; cargo takes a version that is not said as 0.0.0."""
    return manifest.said("name", root), manifest.said("version", root) or "0.0.0"


def _write_checksums(directory: Path, package: str | None) -> None:
    text = json.dumps({"files": {}, "package": package}, separators=(",", ":"))
    layout.write(directory / layout.CHECKSUMS, text.encode())
