"""A local source tree as a canonical archive."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import tarfile
from typing import IO, TYPE_CHECKING

from attrs import frozen

from podwheel import log
from podwheel.archives.streams import Unreadable, link_stays_inside, name_parts
from podwheel.errors import SourceUnusable

if TYPE_CHECKING:
    from pathlib import Path

TOP = "source"
"""The archive's one directory. A constant: a tree's identity is its content, not its place."""

_SKIPPED_DIRECTORIES = frozenset({"__pycache__", "node_modules", ".tox", ".nox"})
# https://bford.info/cachedir/
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
# What every wheelhouse of podwheel's has (seal/publish.py). `podwheel build .` leaves one in the project;
# packed with it, the next build would be another one, and setuptools would take it for a package.
_WHEELHOUSE = frozenset({"podwheel.json", "pylock.toml", "SHA256SUMS"})


def pack_directory(
    path: Path, into: IO[bytes], *, epoch: int, subdirectory: str | None = None
) -> None:
    """Write a source tree as a ``.tar.gz`` whose bytes depend on names, modes and contents only.

    Left out are virtual environments (``pyvenv.cfg``), caches (``CACHEDIR.TAG``,
    ``__pycache__``, ``*.pyc``), ``node_modules``, ``.tox``, ``.nox``, podwheel's own wheelhouses,
    and what is neither file, directory nor link. ``.git`` stays: versions are made from it.

    Args:
        path: The tree. The whole of it is packed: a project may use its neighbours.
        into: An open, writable binary file.
        epoch: The time of every member, seconds since 1970.
        subdirectory: Where the project is in it; checked only.

    Raises:
        SourceUnusable: It is no directory, a link leads out of it, something in it cannot be
            read, or it changed meanwhile.
    """
    try:
        inside = path.joinpath(*name_parts(subdirectory or ""))
    except Unreadable as error:
        raise SourceUnusable(f"the subdirectory {subdirectory!r} is not inside {path}") from error
    if not inside.is_dir():
        raise SourceUnusable(f"{inside} is not a directory")
    # filename="" and mtime: gzip writes both into its header
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=into, mtime=epoch) as packed,
        tarfile.open(
            fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape"
        ) as archive,
    ):
        packer = _Packer(root=path, archive=archive, epoch=epoch)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise packer.unreadable((), error) from error
        packer.directory(handle, ())


@frozen(kw_only=True)
class _Packer:
    """One walk through a tree, by directory descriptors: a name swapped for a link is never followed."""

    root: Path
    archive: tarfile.TarFile
    epoch: int

    def directory(self, handle: int, parts: tuple[str, ...]) -> None:
        """Pack an open directory, and close it."""
        try:
            self._add(parts, type_=tarfile.DIRTYPE, mode=0o755)
            for name in sorted(os.listdir(handle)):
                self._entry(handle, (*parts, name))
        finally:
            os.close(handle)

    def _entry(self, parent: int, parts: tuple[str, ...]) -> None:
        name = parts[-1]
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                if name not in _SKIPPED_DIRECTORIES:
                    self._subdirectory(parent, parts)
            elif stat.S_ISLNK(mode):
                self._link(parts, os.readlink(name, dir_fd=parent))
            elif stat.S_ISREG(mode):
                if not name.endswith(".pyc"):
                    self._file(parent, parts)
            else:
                log.get().debug("source.skipped", path="/".join(parts))
        except OSError as error:
            raise self.unreadable(parts, error) from error

    def _subdirectory(self, parent: int, parts: tuple[str, ...]) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(parts[-1], flags, dir_fd=parent)
        if _is_disposable(handle):
            os.close(handle)
            log.get().debug("source.skipped", path="/".join(parts))
        else:
            self.directory(handle, parts)

    def _link(self, parts: tuple[str, ...], target: str) -> None:
        if not link_stays_inside(parts, target, root=()):
            raise SourceUnusable(
                f"{self.root.joinpath(*parts)} is a link out of the source tree, to {target}",
                hint="a build sees nothing but the tree: put a copy in place of the link, "
                "or name the directory above with #subdirectory=",
            )
        self._add(parts, type_=tarfile.SYMTYPE, mode=0o777, target=target)

    def _file(self, parent: int, parts: tuple[str, ...]) -> None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(parts[-1], flags, dir_fd=parent), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.ESTALE, "it changed while it was read")
            mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            self._add(parts, type_=tarfile.REGTYPE, mode=mode, size=status.st_size, file=file)

    def _add(
        self,
        parts: tuple[str, ...],
        *,
        type_: bytes,
        mode: int,
        target: str = "",
        size: int = 0,
        file: IO[bytes] | None = None,
    ) -> None:
        info = tarfile.TarInfo("/".join((TOP, *parts)))
        info.type = type_
        info.mode = mode
        info.mtime = self.epoch
        info.linkname = target
        info.size = size
        # uid, gid 0 and no names: TarInfo's defaults
        self.archive.addfile(info, file)  # raises OSError if the file has become shorter

    def unreadable(self, parts: tuple[str, ...], error: OSError) -> SourceUnusable:
        return SourceUnusable(
            f"{self.root.joinpath(*parts)} cannot be packed: {error.strerror or error}",
            hint="every file of a local source must be readable, and stay as it is meanwhile",
        )


def _is_disposable(handle: int) -> bool:
    """Whether an open directory is a virtual environment, a wheelhouse of ours or marked as a cache."""
    names = set(os.listdir(handle))
    if "pyvenv.cfg" in names or names >= _WHEELHOUSE:
        return True
    if "CACHEDIR.TAG" not in names:
        return False
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open("CACHEDIR.TAG", flags, dir_fd=handle), "rb") as tag:
        return tag.read(len(_CACHE_SIGNATURE)) == _CACHE_SIGNATURE
