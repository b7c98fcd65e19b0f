"""Whether a file or a tree is still what was kept: by what the file system says, or by every byte.

What is kept is dated the same and read-only. Whoever writes to it changes its time, and is seen
by one `stat`; then, and in `podwheel cache check`, the bytes are read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_MOMENT = 946684800  # 2000-01-01
_WRITABLE = 0o222
_CHECK = b"#sha256 "


def hash_of(path: Path) -> str:
    """The sha256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --------------------------------------------------------------------------- files


def seal(path: Path, *, used: float | None = None) -> None:
    """Make a file read-only, with the time by which `untouched` knows it.

    Args:
        used: When it was used (prune.py looks at the time of access); None: now.
    """
    path.chmod(0o444)
    os.utime(path, (time.time() if used is None else used, _MOMENT))


def untouched(status: os.stat_result) -> bool:
    """Whether nobody has written to a sealed file, as far as its status tells."""
    return status.st_mtime == _MOMENT and not status.st_mode & _WRITABLE


# --------------------------------------------------------------------------- documents


def with_check(text: bytes) -> bytes:
    """A document with its own hash in a line above it."""
    return _CHECK + hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def checked(data: bytes) -> bytes:
    """The document of `with_check`; one without a hash, as older podwheels wrote it, as it is.

    Raises:
        ValueError: It is not what was written.
    """
    if not data.startswith(_CHECK):
        return data
    check, _, text = data.partition(b"\n")
    if check != _CHECK + hashlib.sha256(text).hexdigest().encode():
        raise ValueError("its hash is another one")
    return text


# --------------------------------------------------------------------------- trees


def listing(tree: Path) -> str:
    """A hash of the names, kinds, modes, sizes and times of what is in a tree; reads no file."""
    digest = hashlib.sha256()
    for path, status in _walk(os.fspath(tree)):
        kind, mode, size, when = stat.S_IFMT(status.st_mode), 0, 0, 0
        if stat.S_ISREG(status.st_mode):  # a directory's mode is the umask's, its time anybody's
            mode, size, when = stat.S_IMODE(status.st_mode), status.st_size, status.st_mtime_ns
        target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""  # noqa: PTH115 - as fast as can be
        line = f"{path[len(os.fspath(tree)) :]}\0{kind}\0{mode}\0{size}\0{when}\0{target}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def contents(tree: Path) -> str:
    """A hash of the names and bytes of all files of a tree."""
    digest = hashlib.sha256()
    for path, status in _walk(os.fspath(tree)):
        if stat.S_ISREG(status.st_mode):
            name = path[len(os.fspath(tree)) :].encode("utf-8", "surrogateescape")
            with open(path, "rb") as file:  # noqa: PTH123 - as fast as can be
                digest.update(name + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _walk(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below a directory, in an order that depends on names alone."""
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            yield entry.path, entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
