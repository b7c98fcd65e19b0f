"""Tar archives as a stream of members, read without extracting and within limits."""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import os
import tarfile
import zlib
from typing import IO, TYPE_CHECKING

from podwheel.archives.streams import CHUNK, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from podwheel.archives.zips import Limits

_XZ_MEMORY = 512 << 20  # `xz -9` needs 65 MiB; a header can ask for 4 GiB
_HEADER_LIMIT = 1 << 20


@contextlib.contextmanager
def open_tar(file: IO[bytes], *, limits: Limits) -> Iterator[tarfile.TarFile]:
    """Open a tar archive: plain, gzip, bzip2 or xz, told by its first bytes.

    Members must be read in order, and a member's content before the next member.

    Raises:
        Unreadable: It is none, is damaged, or unpacks to more than *limits*; also for such an
            error inside the block.
    """
    try:
        with tarfile.open(
            fileobj=_Forward(_plain(file), limit=limits.unpacked),
            mode="r:",
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            yield archive
    except (
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,  # bz2's error for damaged data
        OverflowError,
        RecursionError,  # a chain of extended headers
        ValueError,
    ) as error:
        raise Unreadable(f"it cannot be read as a tar archive ({error})") from error


class _Forward(io.RawIOBase):
    """What tarfile needs of a file, going forward only: a seek reads and drops.

    tarfile reads the length of an extended header from the archive and asks for that much at
    once; a header of gigabytes is refused here.
    """

    def __init__(self, chunks: Iterator[bytes], *, limit: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self._at = 0
        self._buffer = b""
        self._begin = 0  # of what is not read yet: a header is 512 bytes, a chunk many thousands

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _HEADER_LIMIT:
            raise Unreadable(f"a member's header has {size} bytes; the limit is {_HEADER_LIMIT}")
        while len(self._buffer) - self._begin < size:
            if (more := next(self._chunks, None)) is None:
                break
            self._buffer, self._begin = self._buffer[self._begin :] + more, 0
        data = self._buffer[self._begin : self._begin + size]
        self._begin += len(data)
        self._at += len(data)
        if self._at > self._limit:
            raise Unreadable(f"it unpacks to more than {self._limit} bytes")
        return data

    def tell(self) -> int:
        return self._at

    def seek(self, to: int, whence: int = os.SEEK_SET, /) -> int:
        if whence != os.SEEK_SET or to < self._at:
            raise Unreadable("its members are not in order")
        while self._at < to and self.read(min(to - self._at, _HEADER_LIMIT)):
            pass
        return self._at


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    magic = file.read(6)
    file.seek(0)
    blocks = iter(lambda: file.read(CHUNK), b"")
    if magic.startswith(b"\x1f\x8b"):
        return _gunzip(blocks)
    if magic.startswith(b"BZh"):
        return _decompress(blocks, bz2.BZ2Decompressor)
    if magic == b"\xfd7zXZ\0":
        return _decompress(blocks, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))
    return blocks


def _gunzip(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """gzip, several members after each other included; what follows the last is ignored, as gzip does."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    pending = next(blocks, b"")
    while pending:
        yield inflater.decompress(pending, CHUNK)
        if inflater.eof:
            pending = inflater.unused_data.lstrip(b"\0") or next(blocks, b"").lstrip(b"\0")
            if not pending.startswith(b"\x1f\x8b"):
                return
            inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        else:
            pending = inflater.unconsumed_tail or next(blocks, b"")
    yield inflater.flush()
    if not inflater.eof:
        raise EOFError("the file ends in the middle")


def _decompress(
    blocks: Iterator[bytes],
    make: Callable[[], bz2.BZ2Decompressor] | Callable[[], lzma.LZMADecompressor],
) -> Iterator[bytes]:
    decompressor = make()
    begun = False
    for block in blocks:
        pending = block if begun else block.lstrip(b"\0")
        while pending or not decompressor.needs_input:
            yield decompressor.decompress(pending, CHUNK)
            pending, begun = b"", True
            if decompressor.eof:  # another stream may follow, as with `cat`
                pending, begun = decompressor.unused_data.lstrip(b"\0"), False
                decompressor = make()
    if begun:
        raise EOFError("the file ends in the middle")
