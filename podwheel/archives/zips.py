"""A ZIP file that says one thing only.

Readers of ZIP differ: some believe the central directory, some walk the local headers, some
look for the last end record, some for the first. A file that means different things to two of
them (podwheel's check, and the installer on the server) is refused here, before anything in
it is read (APPNOTE.TXT 6.3; PyPI refuses the same ambiguities since 2025).

The standard library parses the central directory; all else that it takes on trust (where the
archive begins, what the local headers say, how much a member inflates to) is checked here.
"""

from __future__ import annotations

import enum
import os
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from attrs import frozen

from podwheel.archives.streams import CHUNK, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_LOCATOR = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")

_FLAG_ENCRYPTED = 0x1 | 0x40 | 0x2000
_FLAG_DESCRIPTOR = 0x8
_FLAG_PATCHED = 0x20
_FLAG_UTF8 = 0x800
_EXTRA_ZIP64 = 0x0001
_EXTRA_UNICODE_NAME = 0x7075
_FULL16 = 0xFFFF
_FULL32 = 0xFFFFFFFF
_DIRECTORY_LIMIT = 64 << 20


@frozen(kw_only=True)
class Limits:
    """What an archive may cost. Sizes are bytes."""

    size: int = 4 << 30
    """Of the file."""
    unpacked: int = 16 << 30
    """Of all members together, inflated."""
    members: int = 250_000
    ratio: int = 100
    """Inflated to deflated size, asked of archives that inflate to more than `ratio_from`."""
    ratio_from: int = 256 << 20
    text: int = 64 << 20
    """Of a file that is read whole: RECORD, METADATA, WHEEL…"""


class Kind(enum.Enum):
    """What a member is, by its name and its Unix mode."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "symbolic link"
    SPECIAL = "device, FIFO or socket"


@frozen(kw_only=True)
class Member:
    """One member, its central directory entry and its local header in agreement."""

    name: str
    """As in the directory; a directory's ends with a slash."""
    kind: Kind
    mode: int
    """Permission bits, set-id and sticky ones included; 0 where the archive has none."""
    size: int
    packed: int
    crc: int
    deflated: bool
    """Else stored."""
    start: int
    """Offset of the member's data."""


class Zip:
    """An open archive whose structure was checked; made by `read_zip`."""

    def __init__(self, file: IO[bytes], members: tuple[Member, ...], *, comment: bytes) -> None:
        self.members = members
        self.comment = comment
        self._file = file

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The member's content, at most about a megabyte at a time.

        `zipfile` stops at the size that the directory claims, and never sees what a deflate
        stream holds beyond it; here the stream, the size and the checksum must all end together.

        Raises:
            Unreadable: Size or checksum differ, or the deflate stream is damaged.
        """
        size = crc = 0
        try:
            for chunk in self._inflated(member) if member.deflated else self._blocks(member):
                size += len(chunk)
                if size > member.size:
                    raise Unreadable(f"{member.name} is longer than the {member.size} bytes stated")
                crc = zlib.crc32(chunk, crc)
                yield chunk
        except zlib.error as error:
            raise Unreadable(f"{member.name} cannot be inflated ({error})") from error
        if size != member.size:
            raise Unreadable(f"{member.name} has {size} bytes, not the {member.size} stated")
        if crc != member.crc:
            raise Unreadable(f"the checksum (CRC) of {member.name} differs")

    def read(self, member: Member, *, limit: int) -> bytes:
        """The member's whole content.

        Raises:
            Unreadable: It has more than *limit* bytes, or see `chunks`.
        """
        if member.size > limit:
            raise Unreadable(f"{member.name} has {member.size} bytes; the limit is {limit}")
        return b"".join(self.chunks(member))

    def _blocks(self, member: Member) -> Iterator[bytes]:
        # pread: members are read in turns, and none may move the others' place.
        at, end = member.start, member.start + member.packed
        while at < end:
            block = os.pread(self._file.fileno(), min(CHUNK, end - at), at)
            if not block:
                raise Unreadable(f"the file ends inside {member.name}")
            at += len(block)
            yield block

    def _inflated(self, member: Member) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for block in self._blocks(member):
            pending = block
            while pending and not inflater.eof:
                yield inflater.decompress(pending, CHUNK)
                pending = inflater.unconsumed_tail
            if inflater.eof and (inflater.unused_data or pending):
                raise Unreadable(f"data follows the deflate stream of {member.name}")
        yield inflater.flush()
        if not inflater.eof:
            raise Unreadable(f"the deflate stream of {member.name} has no end")


def read_zip(file: IO[bytes], *, limits: Limits) -> Zip:
    """Check the structure of an archive.

    Args:
        file: A real, seekable file; it must stay open while the result is used.

    Returns:
        The archive; its members in the order of their data. No content was inflated yet.

    Raises:
        Unreadable: It is no ZIP file, is larger than *limits*, or can be read in two ways.
    """
    count, directory, comment = _end_record(file, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as e:
        raise Unreadable(f"its directory cannot be read ({e})") from e
    if len(infos) != count:
        raise Unreadable(f"its directory has {len(infos)} members, not the {count} stated")
    _check_sizes(infos, limits)
    if infos and infos[0].header_offset != 0:
        raise Unreadable("data stands before the first member")
    members = []
    for n, info in enumerate(infos):
        end = infos[n + 1].header_offset if n + 1 < len(infos) else directory
        members.append(_member(file, info, end))
    _check_duplicates(members)
    return Zip(file, tuple(members), comment=comment)


def _end_record(file: IO[bytes], limits: Limits) -> tuple[int, int, bytes]:
    """The number of members, the directory's offset, and the archive's comment."""
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - _END.size - _FULL16)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise Unreadable("it is not a ZIP file (no end record)")
    _, disk, disk_of, here, count, length, offset, commented = _END.unpack_from(tail, at)
    comment = tail[at + _END.size :]
    if len(comment) != commented:
        raise Unreadable("data follows the archive's end")
    end = tail_at + at
    file.seek(max(0, end - _END64_LOCATOR.size))
    locator = file.read(_END64_LOCATOR.size)
    if locator.startswith(b"PK\6\7") and len(locator) == _END64_LOCATOR.size:
        end, wide = _end64_record(file, locator, end)
        narrow = (disk, disk_of, here, count, length, offset)
        for small, large, full in zip(narrow, wide, [_FULL16] * 4 + [_FULL32] * 2, strict=True):
            if small not in (large, full):
                raise Unreadable("its two end records disagree")
        disk, disk_of, here, count, length, offset = wide
    if disk or disk_of or here != count:
        raise Unreadable("it is one volume of several")
    if count > limits.members:
        raise Unreadable(f"it has {count} members; the limit is {limits.members}")
    if length > _DIRECTORY_LIMIT:
        raise Unreadable(f"its directory has {length} bytes; the limit is {_DIRECTORY_LIMIT}")
    if offset + length != end:
        raise Unreadable("data stands before the archive, or between its directory and its end")
    return count, offset, comment


def _end64_record(file: IO[bytes], locator: bytes, end: int) -> tuple[int, tuple[int, ...]]:
    """The ZIP64 end record's offset and its six values."""
    _, disk, offset, disks = _END64_LOCATOR.unpack(locator)
    file.seek(offset)
    record = file.read(_END64.size)
    if (
        len(record) != _END64.size
        or not record.startswith(b"PK\6\6")
        or offset + _END64.size + _END64_LOCATOR.size != end
    ):
        raise Unreadable("its ZIP64 end record is damaged")
    _, length, _, _, *values = _END64.unpack(record)
    if length != _END64.size - 12 or disk != 0 or disks > 1:
        raise Unreadable("its ZIP64 end record is damaged")
    return offset, tuple(values)


def _check_sizes(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if unpacked > limits.unpacked:
        raise Unreadable(f"it unpacks to {unpacked} bytes; the limit is {limits.unpacked}")
    if unpacked > limits.ratio_from and unpacked > packed * limits.ratio:
        raise Unreadable(f"{packed} bytes unpack to {unpacked}: more than {limits.ratio} to one")


def _member(file: IO[bytes], info: zipfile.ZipInfo, end: int) -> Member:
    """Check one directory entry against its local header; *end* is where the next thing begins."""
    name = info.orig_filename  # `filename` was cut at a NUL
    if info.flag_bits & (_FLAG_ENCRYPTED | _FLAG_PATCHED):
        raise Unreadable(f"the member {name!r} is encrypted, or a patch")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(f"the member {name!r} is neither stored nor deflated")
    _extras(info.extra, name)
    flags, local, start = _local_header(file, info)
    stated = (info.CRC, info.compress_size, info.file_size)
    between = end - start - info.compress_size
    if between < 0:
        raise Unreadable(f"the member {name!r} overlaps with what follows it")
    described = bool(flags & _FLAG_DESCRIPTOR and between)
    known = (
        value in ((0, true) if described else (true,))
        for value, true in zip(local, stated, strict=True)
    )
    if not all(known):
        raise Unreadable(f"the local header of {name!r} has other sizes than the directory")
    if described:
        file.seek(start + info.compress_size)
        _check_descriptor(file.read(between) if between <= 24 else b"", stated, name)
    elif between:
        raise Unreadable(f"{between} bytes after the member {name!r} belong to none")
    kind, mode = _kind(info)
    return Member(
        name=name,
        kind=kind,
        mode=mode,
        size=info.file_size,
        packed=info.compress_size,
        crc=info.CRC,
        deflated=info.compress_type == zipfile.ZIP_DEFLATED,
        start=start,
    )


def _local_header(file: IO[bytes], info: zipfile.ZipInfo) -> tuple[int, tuple[int, int, int], int]:
    """The local header's flags, its (crc, packed size, size), and where the data begins."""
    name = info.orig_filename
    file.seek(info.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) != _LOCAL.size or not head.startswith(b"PK\3\4"):
        raise Unreadable(f"the member {name!r} has no local header")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    local_name = file.read(name_length)
    extras = _extras(file.read(extra_length), name)
    if local_name != name.encode("utf-8" if info.flag_bits & _FLAG_UTF8 else "cp437"):
        raise Unreadable(f"the local header of {name!r} names it {local_name!r}")
    differ = flags ^ info.flag_bits
    if differ & (_FLAG_ENCRYPTED | _FLAG_PATCHED | (0 if name.isascii() else _FLAG_UTF8)):
        raise Unreadable(f"the local header of {name!r} has other flags than the directory")
    if method != info.compress_type:
        raise Unreadable(f"the local header of {name!r} has another method than the directory")
    if _FULL32 in (size, packed) and len(extras.get(_EXTRA_ZIP64, b"")) >= 16:
        size, packed = struct.unpack_from("<2Q", extras[_EXTRA_ZIP64])
    start = info.header_offset + _LOCAL.size + name_length + extra_length
    return flags, (crc, packed, size), start


def _check_descriptor(data: bytes, stated: tuple[int, int, int], name: str) -> None:
    """A data descriptor, its signature and its 64-bit form optional, says what the directory says."""
    forms = (struct.Struct("<3L"), struct.Struct("<LQQ"))
    for body in (data, data.removeprefix(b"PK\7\x08")):
        if any(len(body) == form.size and form.unpack(body) == stated for form in forms):
            return
    raise Unreadable(f"what follows the data of {name!r} does not describe it")


def _extras(data: bytes, name: str) -> dict[int, bytes]:
    """The extra fields by their id."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        key, length = struct.unpack_from("<2H", data, at)
        if key in found and key == _EXTRA_ZIP64:
            raise Unreadable(f"the member {name!r} states its sizes twice")
        found[key] = data[at + 4 : at + 4 + length]
        at += 4 + length
    if _EXTRA_UNICODE_NAME in found:
        # Some readers take the name from here, others from the header.
        raise Unreadable(f"the member {name!r} has a second name in an extra field")
    return found


def _kind(info: zipfile.ZipInfo) -> tuple[Kind, int]:
    """Installers read the Unix mode whatever system the archive names, and so does this."""
    mode = info.external_attr >> 16
    by_name = Kind.DIRECTORY if info.orig_filename.endswith("/") else Kind.FILE
    by_mode = {0: by_name, stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}.get(
        stat.S_IFMT(mode), Kind.LINK if stat.S_ISLNK(mode) else Kind.SPECIAL
    )
    if by_mode in (Kind.FILE, Kind.DIRECTORY) and by_mode != by_name:
        raise Unreadable(
            f"the member {info.orig_filename!r} is a {by_name.value} by name, "
            f"a {by_mode.value} by mode"
        )
    if by_name is Kind.DIRECTORY and info.file_size:
        raise Unreadable(f"the directory {info.orig_filename!r} has content")
    return by_mode, stat.S_IMODE(mode)


def _check_duplicates(members: list[Member]) -> None:
    seen: set[str] = set()
    for member in members:
        name = member.name.rstrip("/")
        if name in seen:
            raise Unreadable(f"the member {name!r} is there twice")
        seen.add(name)
