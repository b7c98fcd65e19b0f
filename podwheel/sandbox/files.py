"""Files out of a container: a tar stream that is read, never extracted.

Regular files with plain names only. Whatever else the stream holds (a link to a secret of the
host's, a device, ``..``) rejects it as a whole.
"""

from __future__ import annotations

import os
import tarfile
from typing import IO, TYPE_CHECKING, cast

from podwheel.errors import WheelRejected
from podwheel.store.store import telling_full_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_MOST_FILES = 10_000
_LONGEST_NAME = 4096
_HEADERS = 64 << 20  # what a tar of so many files has beside their content
_TOO_MUCH = "the container sent more than it may (--output-size)"


class _Member(tarfile.TarInfo):
    """A header that is refused before tarfile acts on it.

    tarfile reads a long name or a table of extensions into memory as large as the header says,
    and follows sparse maps. The guest writes long GNU names and regular files, nothing else.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type == tarfile.GNUTYPE_LONGNAME:
            if member.size > _LONGEST_NAME:
                raise WheelRejected(f"the container sent a file name of {member.size} bytes")
        elif member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.name.endswith("/"):
            raise WheelRejected(f"the container sent {member.name!r}, which is not a regular file")
        return member


class _Stream:
    """Pieces of data as a file that tarfile can read; counts what passes."""

    def __init__(self, pieces: Iterator[bytes], limit: int) -> None:
        self._pieces = pieces
        self._left = limit
        self._piece = b""

    def read(self, size: int) -> bytes:
        if not self._piece:
            self._piece = next(self._pieces, b"")
            self._left -= len(self._piece)
            if self._left < 0:
                raise WheelRejected(_TOO_MUCH)
        data, self._piece = self._piece[:size], self._piece[size:]
        return data


def receive_files(pieces: Iterator[bytes], into: Path, *, limit: int) -> tuple[Path, ...]:
    """Write the files of a tar stream below *into*, a directory of ours that nobody else writes to.

    Args:
        pieces: The stream; read to its end unless it is rejected.
        limit: Bytes of the files together.

    Returns:
        The files, mode 0600, in the stream's order.

    Raises:
        WheelRejected: The stream is not what a guest sends.
        DiskFull: The file system of *into* is.
    """
    stream = _Stream(pieces, limit + _HEADERS)
    left = limit
    written: list[Path] = []
    try:
        with (
            telling_full_disk(into),
            tarfile.open(
                fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Member, bufsize=_CHUNK
            ) as archive,
        ):
            for member in archive:
                if len(written) >= _MOST_FILES:
                    raise WheelRejected(f"the container sent more than {_MOST_FILES} files")
                source = archive.extractfile(member)
                assert source is not None, "a regular file has content"
                left -= member.size
                if left < 0:
                    raise WheelRejected(_TOO_MUCH)
                written.append(_write(source, _place(member.name, into)))
    except tarfile.TarError as error:
        raise WheelRejected(f"the container sent a damaged archive: {error}") from error
    while stream.read(_CHUNK):  # the padding after the archive's end
        pass
    return tuple(written)


def _place(name: str, into: Path) -> Path:
    """Where the file *name* goes; its directories are made."""
    parts = name.split("/")
    plain = all(p not in ("", ".", "..") and p.isprintable() and "\\" not in p for p in parts)
    if not plain or len(name) > _LONGEST_NAME or any(len(p.encode()) > 255 for p in parts):
        raise WheelRejected(f"the container sent a file with the name {name[:200]!r}")
    place = into.joinpath(*parts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (FileExistsError, NotADirectoryError) as error:
        raise WheelRejected(
            f"the container sent {name!r} twice, as a file and as a directory"
        ) from error
    return place


def _write(source: IO[bytes], place: Path) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(place, flags, 0o600)
    except (FileExistsError, IsADirectoryError) as error:
        raise WheelRejected(f"the container sent {place.name!r} twice") from error
    with os.fdopen(descriptor, "wb") as file:
        while data := source.read(_CHUNK):
            file.write(data)
    return place
