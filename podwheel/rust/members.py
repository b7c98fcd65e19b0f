"""The members of an archive, one after the other: a source's, a crate's, a repository's.

Nothing is extracted here; each name was judged, each content is read within limits.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from attrs import field, frozen

from podwheel.archives.streams import CHUNK, Unreadable, name_parts
from podwheel.archives.tars import open_tar
from podwheel.archives.zips import Kind, Limits, read_zip

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterator

Parts = tuple[str, ...]
"""A path inside an archive, its components; ``()`` is the top."""

_LINK_LIMIT = 4096  # PATH_MAX


@frozen(kw_only=True)
class Member:
    """One file, directory or symbolic link."""

    parts: Parts
    kind: Kind
    executable: bool = False
    target: str = ""
    """Of a symbolic link."""
    chunks: Callable[[], Iterator[bytes]] = field(repr=False)
    """The content of a file; to be read before the next member is asked for."""

    def text(self, *, limit: int) -> str:
        """The whole content, decoded; what is no UTF-8 becomes U+FFFD.

        Raises:
            Unreadable: It has more than *limit* bytes.
        """
        data = bytearray()
        for chunk in self.chunks():
            data += chunk
            if len(data) > limit:
                raise Unreadable(f"{'/'.join(self.parts)} has more than {limit} bytes")
        return data.decode("utf-8", "replace")


def members(file: IO[bytes], *, limits: Limits) -> Iterator[Member]:
    """The members of a tar (plain, gzip, bzip2, xz) or ZIP archive, in its order.

    Raises:
        Unreadable: It is none, is larger than *limits*, or has a member that escapes, is a hard
            link, or is neither file, directory nor link.
    """
    file.seek(0)
    return (_of_zip if file.read(4) == b"PK\3\4" else _of_tar)(file, limits)


def _of_tar(file: IO[bytes], limits: Limits) -> Iterator[Member]:
    with open_tar(file, limits=limits) as archive:
        count = 0
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # else tarfile keeps every one
            count += 1
            if count > limits.members:
                raise Unreadable(f"it has more than {limits.members} members")
            parts = name_parts(info.name)
            if parts:
                yield Member(
                    parts=parts,
                    kind=_kind(info),
                    executable=bool(info.mode & 0o100),
                    target=info.linkname if info.issym() else "",
                    chunks=lambda info=info: _content(archive, info),  # type: ignore[misc]
                )


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg():
        return Kind.FILE
    if info.isdir():
        return Kind.DIRECTORY
    if info.issym():
        return Kind.LINK
    what = "hard link" if info.islnk() else Kind.SPECIAL.value
    raise Unreadable(f"the member {info.name!r} is a {what}")


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(info)
    while stream is not None and (chunk := stream.read(CHUNK)):
        yield chunk


def _of_zip(file: IO[bytes], limits: Limits) -> Iterator[Member]:
    archive = read_zip(file, limits=limits)
    for member in archive.members:
        parts = name_parts(member.name)
        if member.kind is Kind.SPECIAL:
            raise Unreadable(f"the member {member.name!r} is a {member.kind.value}")
        link = member.kind is Kind.LINK
        target = archive.read(member, limit=_LINK_LIMIT).decode("utf-8", "replace") if link else ""
        if parts:
            yield Member(
                parts=parts,
                kind=member.kind,
                executable=bool(member.mode & 0o100),
                target=target,
                chunks=lambda member=member: archive.chunks(member),  # type: ignore[misc]
            )
