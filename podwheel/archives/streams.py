"""Hostile files: how they are opened, and how a member's name or link is judged.

Nothing here trusts a length, a name or a type that a file claims about itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import posixpath
import stat
from typing import IO, TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK = 1 << 20
_NAME_LIMIT = 4096  # PATH_MAX
_PART_LIMIT = 255  # NAME_MAX


class Unreadable(Exception):
    """Why a file is not what it should be. The reader of a kind of file raises its public error from it."""


@contextlib.contextmanager
def open_regular(path: Path, *, limit: int, linked: bool = False) -> Iterator[IO[bytes]]:
    """Open a file that somebody else may have made.

    A build can leave a symbolic link to a file of the host's, a FIFO that never answers, or a
    second name through which it changes the bytes after they were checked.

    Args:
        limit: The largest size accepted, in bytes.
        linked: Whether the file may have more than one name.

    Raises:
        Unreadable: It is not a regular file, has other names, or is too large.
    """
    try:
        # O_NONBLOCK: opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise Unreadable("it is a symbolic link") from error
        raise Unreadable(f"it cannot be opened ({error.strerror})") from error
    try:
        _check_regular(os.fstat(handle), limit=limit, linked=linked)
    except Unreadable:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        yield file


def _check_regular(status: os.stat_result, *, limit: int, linked: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is not a regular file")
    if status.st_nlink != 1 and not linked:
        raise Unreadable(f"it has {status.st_nlink} names (hard links)")
    if status.st_size > limit:
        raise Unreadable(f"it has {status.st_size} bytes; the limit is {limit}")


def sha256_of(file: IO[bytes]) -> str:
    """The sha256 (hex) of a whole open file, wherever it stands."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def name_parts(name: str) -> tuple[str, ...]:
    """The components of a member's name, ``.`` and empty ones dropped.

    Raises:
        Unreadable: The name is absolute, climbs (``..``), is too long, or holds a NUL.
    """
    if len(os.fsencode(name)) > _NAME_LIMIT:
        raise Unreadable(f"a member's name is longer than {_NAME_LIMIT} bytes: {name[:80]!r}…")
    if "\0" in name:
        raise Unreadable(f"a member's name holds a NUL: {name!r}")
    if name.startswith("/"):
        raise Unreadable(f"the member {name!r} has an absolute name")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Unreadable(f"the member {name!r} climbs out of the archive")
    if any(len(os.fsencode(part)) > _PART_LIMIT for part in parts):
        raise Unreadable(f"a part of a member's name is longer than {_PART_LIMIT} bytes: {name!r}")
    return parts


def link_stays_inside(at: tuple[str, ...], target: str, *, root: tuple[str, ...]) -> bool:
    """Whether a symbolic link named *at* with the text *target* leads to something below *root*.

    A ``..`` after a name is refused: the name may be a link itself, and then the kernel and
    the text disagree about where ``..`` is.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    if target.startswith("/") or ".." in parts[climbs:]:
        return False
    end = posixpath.normpath(posixpath.join(*at[:-1], *parts)) if at[:-1] or parts else "."
    reached = tuple(part for part in end.split("/") if part != ".")
    return ".." not in reached and reached[: len(root)] == root


class ChunkStream(io.RawIOBase):
    """A readable stream over an iterator of byte strings."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._rest = memoryview(following)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def stream_of(chunks: Iterable[bytes]) -> BinaryIO:
    """A buffered reader over an iterator of byte strings."""
    return io.BufferedReader(ChunkStream(chunks), buffer_size=1 << 16)
