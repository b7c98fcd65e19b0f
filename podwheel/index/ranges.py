"""A wheel's METADATA and member names without its payload: range requests into the file.

The end of the file holds a zip's central directory, and by habit ``*.dist-info`` lies just
before it, so one request of 64 KiB mostly has everything. A server's claims are not believed:
an answer that is not exactly the range that was asked for is `RangesRefused`, and the caller
takes the whole file instead.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from attrs import frozen
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from podwheel.errors import MetadataUnusable
from podwheel.index import problems
from podwheel.index.client import AS_IT_IS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

    from podwheel.index.client import Client
    from podwheel.model import File

TAIL = 64 << 10
"""Bytes from the end that the first request asks for."""

METADATA_LIMIT = 16 << 20
_SPAN_LIMIT = 64 << 20
"""Bytes that all range requests into one wheel may bring."""
_AHEAD = 32 << 10
"""Bytes that a request asks for at least."""
_LOCAL_HEADER = 1 << 10
"""Room for a member's local header with its name and extra field; a longer one costs a request more."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class RangesRefused(Exception):
    """The server does not answer ranges, or not those that were asked for.

    Args:
        always: It will be so for its other files too.
    """

    def __init__(self, reason: str, *, always: bool = False) -> None:
        super().__init__(reason)
        self.always = always


@frozen(kw_only=True)
class Span:
    """``Content-Range`` (RFC 9110, 14.4)."""

    start: int
    end: int
    """Inclusive."""
    total: int


def content_range(answer: requests.Response) -> Span | None:
    """The range that an answer says it is; None if it says none that can be."""
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if match is None:
        return None
    start, end, total = map(int, match.groups())
    return Span(start=start, end=end, total=total) if start <= end < total else None


class RemoteFile:
    """A file on a server that fetches what `zipfile` reads of it; any read may raise `RangesRefused`."""

    def __init__(self, client: Client, file: File, *, wanted_by: Sequence[str] = ()) -> None:
        self._client = client
        self._url = file.url
        self._wanted_by = wanted_by
        self._segments: list[tuple[int, bytes]] = []
        self._brought = 0
        self._validator: str | None = None
        self._total: int | None = None
        self._at = 0
        self._total = self._fetch(f"bytes=-{TAIL}", None)
        if file.size not in (None, self._total):
            raise RangesRefused("another size than the index says")

    @property
    def total(self) -> int:
        assert self._total is not None
        return self._total

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.total}[whence]
        if base + offset < 0:
            raise zipfile.BadZipFile("an offset before the start")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """All of the *size* bytes that the file has from here on."""
        end = self.total if size < 0 else min(self._at + size, self.total)
        self.bring(self._at, end)
        parts: list[bytes] = []
        while self._at < end:
            start, data = self._segment(self._at)
            parts.append(data[self._at - start : end - start])
            self._at += len(parts[-1])
        return b"".join(parts)

    def bring(self, start: int, end: int) -> None:
        """Have the bytes from *start* to before *end*; one request, or none if they are there."""
        end = min(end, self.total)
        while start < end and (held := self._segment(start))[1]:
            start = held[0] + len(held[1])
        if start < end:
            last = min(max(end, start + _AHEAD), self.total) - 1
            self._fetch(f"bytes={start}-{last}", (start, last))

    def _segment(self, at: int) -> tuple[int, bytes]:
        """The bytes that we hold around *at*, and where they start; none: empty."""
        for start, data in self._segments:
            if start <= at < start + len(data):
                return start, data
        return at, b""

    def _fetch(self, wanted: str, exact: tuple[int, int] | None) -> int:
        """One range request; its bytes become a segment. Returns the file's length."""
        headers = {**AS_IT_IS, "Range": wanted}
        with self._client.get(
            self._url, what="the file", headers=headers, vouched=False, wanted_by=self._wanted_by
        ) as answer:
            if answer.status_code in (200, 416, 501):
                raise RangesRefused(f"status {answer.status_code}", always=True)
            if answer.status_code != 206:
                raise problems.refused(
                    "the file", self._url, answer.status_code, wanted_by=self._wanted_by
                )
            span = self._believable(answer, exact)
            length = span.end - span.start + 1
            self._brought += length
            if self._brought > _SPAN_LIMIT:
                raise RangesRefused("more is asked for than a directory and a METADATA need")
            try:
                data = answer.raw.read(length + 1, decode_content=False)
            except problems.failures():
                raise RangesRefused("it broke off") from None
        if len(data) != length:
            raise RangesRefused("another length than announced")
        self._segments.append((span.start, data))
        return span.total

    def _believable(self, answer: requests.Response, exact: tuple[int, int] | None) -> Span:
        span = content_range(answer)
        if span is None or answer.headers.get("Content-Encoding", "identity") != "identity":
            raise RangesRefused("no range of the file as it is")
        if exact is None:
            exact = (max(0, span.total - TAIL), span.total - 1)
        if (span.start, span.end) != exact or self._total not in (None, span.total):
            raise RangesRefused("another range than the one that was asked for")
        etag = answer.headers.get("ETag")
        if self._total is not None and etag != self._validator:
            raise RangesRefused("the file changed between two requests")
        self._validator = etag
        return span


@frozen(kw_only=True)
class Glimpse:
    """What is wanted of a wheel before it is wanted as a whole."""

    metadata: bytes
    names: tuple[str, ...]
    """Of all members, in the central directory's order."""


def read_wheel(
    stream: IO[bytes] | RemoteFile, file: File, *, wanted_by: Sequence[str] = ()
) -> Glimpse:
    """Read METADATA and the names out of a wheel; nothing else is unpacked.

    Raises:
        MetadataUnusable: It is no zip, has not exactly one METADATA of its project, or that is
            larger than 16 MiB.
    """
    try:
        # zipfile needs no more of a file than RemoteFile has
        with zipfile.ZipFile(cast("IO[bytes]", stream)) as archive:
            members = archive.infolist()
            member = _metadata_member(members, file)
            if isinstance(
                stream, RemoteFile
            ):  # in one request, not one for each of zipfile's reads
                start = member.header_offset
                stream.bring(start, start + _LOCAL_HEADER + member.compress_size)
            return Glimpse(
                metadata=_unpacked(archive, member), names=tuple(m.filename for m in members)
            )
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError) as error:
        # RuntimeError: encrypted, or a compression that zipfile does not have
        raise MetadataUnusable(
            f"{file.filename} cannot be read as a wheel: {error}", wanted_by=wanted_by
        ) from None


def _metadata_member(members: list[zipfile.ZipInfo], file: File) -> zipfile.ZipInfo:
    try:
        name = parse_wheel_filename(file.filename)[0]
    except InvalidWheelFilename:
        raise ValueError("its name is not that of a wheel") from None
    found = [
        m
        for m in members
        if (match := re.fullmatch(r"([^/-]+)-[^/]+\.dist-info/METADATA", m.filename))
        and canonicalize_name(match[1]) == name
    ]
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} METADATA files of {name}, not one")
    return found[0]


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks bzip2 and LZMA without a bound: a few KiB could become hundreds of MiB.
        raise ValueError("its METADATA is compressed in a way that no wheel is")
    with archive.open(member) as stream:
        data = stream.read(METADATA_LIMIT + 1)
    if len(data) > METADATA_LIMIT:
        raise ValueError(f"its METADATA is larger than {METADATA_LIMIT >> 20} MiB")
    return data
