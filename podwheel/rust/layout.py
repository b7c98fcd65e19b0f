"""Crates and repositories laid out in the store: once each, read-only, linked into every set.

The containers' user is a subordinate id, so everything is readable by all, whatever the umask.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from podwheel import log
from podwheel.archives.streams import Unreadable, link_stays_inside, open_regular
from podwheel.archives.zips import Kind, Limits
from podwheel.rust.members import members
from podwheel.store.store import telling_full_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel.rust.members import Member, Parts
    from podwheel.store import Store

LIMITS = Limits(size=2 << 30, unpacked=8 << 30)
"""Of one crate or repository. crates.io takes 10 MiB, cargo itself unpacks to 512 MiB."""

CHECKSUMS = ".cargo-checksum.json"

# Every file is dated the same, so that nothing depends on when it was laid out.
_MOMENT = 946684800  # 2000-01-01


def once(store: Store, place: Path, make: Callable[[Path], None]) -> Path:
    """The directory *place* of the store, made by *make* if it is not there.

    Args:
        make: Fills the empty directory that it is given; if it raises, nothing is left behind.
    """
    if (kept := store.tree(place)) is not None:
        return kept
    with store.attempt("crates") as attempt, telling_full_disk(store.root):
        tree = attempt / "tree"
        directory(tree)
        make(tree)
        return store.keep_tree(tree, place)


def directory(path: Path) -> None:
    """Make one directory that all can enter."""
    path.mkdir()
    path.chmod(0o755)


def write(path: Path, data: bytes) -> None:
    """Write one small read-only file."""
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        _finish(out.fileno(), executable=False)


def lay_out(archive: Path, *, into: Path, top: str | None, skip: frozenset[str]) -> None:
    """Lay out what is in the one top directory of an archive.

    Symbolic links that lead out of it are left out: a checkout may have some, and no build can
    use them. Those that stay inside are made last, so that nothing is written through one.

    Args:
        archive: In the store, or anywhere.
        into: An empty directory.
        top: The top directory's name; None: any, but the same for all.
        skip: Names of files and directories that are left out, wherever they are.

    Raises:
        Unreadable: It is no archive, exceeds `LIMITS`, or has a member outside the top
            directory, twice, or that is neither file, directory nor symbolic link.
    """
    links: list[tuple[Parts, str]] = []
    made: set[Parts] = {()}
    with open_regular(archive, limit=LIMITS.size, linked=True) as file:
        for member in members(file, limits=LIMITS):
            top = member.parts[0] if top is None else top
            if member.parts[0] != top:
                raise Unreadable(f"the member {'/'.join(member.parts)!r} is not below {top}/")
            parts = member.parts[1:]
            if not parts or not skip.isdisjoint(parts):
                continue
            if member.kind is Kind.LINK:
                links.append((parts, member.target))
            elif member.kind is Kind.DIRECTORY:
                _directories(into, parts, made)
            else:
                _directories(into, parts[:-1], made)
                _file(into.joinpath(*parts), member)
    for parts, target in links:
        if not link_stays_inside(parts, target, root=()):
            log.get().debug("crates.link_left_out", path="/".join(parts))
            continue
        _directories(into, parts[:-1], made)
        try:
            into.joinpath(*parts).symlink_to(target)
        except OSError as error:
            raise _clash(parts, error) from error


def _directories(into: Path, parts: Parts, made: set[Parts]) -> None:
    for n in range(1, len(parts) + 1):
        if parts[:n] not in made:
            try:
                directory(into.joinpath(*parts[:n]))
            except OSError as error:
                raise _clash(parts[:n], error) from error
            made.add(parts[:n])


def _file(place: Path, member: Member) -> None:
    try:
        out = place.open("xb")
    except OSError as error:
        raise _clash(member.parts, error) from error
    with out:
        for chunk in member.chunks():
            out.write(chunk)
        out.flush()
        _finish(out.fileno(), executable=member.executable)


def _finish(handle: int, *, executable: bool) -> None:
    os.fchmod(handle, 0o555 if executable else 0o444)
    os.utime(handle, (_MOMENT, _MOMENT))


def _clash(parts: Parts, error: OSError) -> Exception:
    """Two members at one place are the archive's fault; a full disk is not."""
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return Unreadable(f"{'/'.join(parts)!r} is there twice")
    return error
