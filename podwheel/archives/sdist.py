"""Reading a source archive without unpacking it.

A source is unpacked in a sandbox only. What the host needs of it, the static metadata and the
name of the build backend, is a few text files of its top directory.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from attrs import field, frozen

from podwheel.archives.metadata import parse_metadata
from podwheel.archives.pack import pack_directory
from podwheel.archives.project import BuildSystem, read_build_system, static_metadata
from podwheel.archives.streams import Unreadable, link_stays_inside, name_parts, open_regular
from podwheel.archives.tars import open_tar
from podwheel.archives.zips import Kind, Limits, read_zip
from podwheel.errors import SourceUnusable

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable
    from pathlib import Path

# The other modules about sources are reached from here.
__all__ = [
    "BuildSystem",
    "Sdist",
    "pack_directory",
    "parse_metadata",
    "read_build_system",
    "read_sdist",
    "static_metadata",
]

_TEXT_LIMIT = 1 << 20
_READ = ("pyproject.toml", "PKG-INFO")
_SEEN = ("setup.py", "setup.cfg")
_CRATE = "Cargo.toml"
_COMPILED = {
    **dict.fromkeys((".c", ".f", ".for", ".f90", ".f95", ".m", ".s"), 1),
    **dict.fromkeys((".cc", ".cpp", ".cu", ".cxx", ".pyx", ".rs"), 5),  # templates, generated C
}
"""How long a byte of each language takes to compile, roughly, beside one of C."""


@frozen(kw_only=True)
class Sdist:
    """What a source archive says of itself; nothing of it was executed."""

    filename: str
    top: str
    """The one directory that all is in; empty where there is not exactly one."""
    pyproject: str | None
    """Text of ``pyproject.toml``."""
    pkg_info: str | None
    """Text of ``PKG-INFO``."""
    has_setup_py: bool
    has_setup_cfg: bool
    has_crates: bool = False
    """Whether a ``Cargo.toml`` is anywhere in it: without one, nothing in it is Rust that cargo builds."""
    compiled: int = 0
    """Bytes of sources in compiled languages, in the whole archive; some languages' count more than once."""


@frozen(kw_only=True)
class _Entry:
    """One member of either kind of archive."""

    parts: tuple[str, ...]
    kind: Kind
    target: str | None = None
    """Of a symbolic link; or, with `hard`, the name of the member that it is another name of."""
    hard: bool = False
    size: int = 0
    text: str | None = field(default=None, repr=False)
    """Content, of the few files that are read."""


def read_sdist(
    path: Path, *, filename: str, subdirectory: str | None = None, limits: Limits | None = None
) -> Sdist:
    """Read a source archive: tar (plain, gzip, bzip2, xz) or ZIP, told by content.

    Args:
        path: The file; it may be named by hash.
        filename: Its published name, for messages.
        subdirectory: Where the project is, below the top directory.
        limits: What it may cost.

    Raises:
        SourceUnusable: It is no such archive, is larger than *limits*, or has members that
            escape it: absolute or climbing names, links that lead out of the tree, devices.
    """
    limits = limits or Limits()
    inside = name_parts(subdirectory or "")
    try:
        with open_regular(path, limit=limits.size, linked=True) as file:
            read = _zip_entries if file.read(4) == b"PK\3\4" else _tar_entries
            entries = read(file, lambda parts: _is_read(parts, inside), limits)
        top = _top(entries)
        _check_links(entries, top)
        return _sdist(entries, (*top, *inside), filename=filename, top="/".join(top))
    except Unreadable as reason:
        raise SourceUnusable(
            f"{filename} is not a usable source archive: {reason}",
            hint="get it again; if the index serves it so, tell its maintainers",
        ) from reason


def _is_read(parts: tuple[str, ...], inside: tuple[str, ...]) -> bool:
    """A file to read, whether or not there turns out to be a top directory."""
    return parts[-1] in _READ and parts[:-1] in (inside, (*parts[:1], *inside))


def _tar_entries(
    file: IO[bytes], wanted: Callable[[tuple[str, ...]], bool], limits: Limits
) -> list[_Entry]:
    entries: list[_Entry] = []
    with open_tar(file, limits=limits) as archive:
        while (info := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # else tarfile keeps every one
            if len(entries) >= limits.members:
                raise Unreadable(f"it has more than {limits.members} members")
            parts = name_parts(info.name)
            if not parts:
                continue  # "./"
            text = None
            if info.isreg() and wanted(parts):
                content = archive.extractfile(info)
                text = _text(content.read(_TEXT_LIMIT + 1) if content else b"", info.name)
            entries.append(
                _Entry(
                    parts=parts,
                    kind=_tar_kind(info),
                    target=info.linkname if info.issym() or info.islnk() else None,
                    hard=info.islnk(),
                    size=info.size,
                    text=text,
                )
            )
    return entries


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg() or info.islnk():
        return Kind.FILE
    if info.isdir():
        return Kind.DIRECTORY
    if info.issym():
        return Kind.LINK
    raise Unreadable(f"the member {info.name!r} is a {Kind.SPECIAL.value}")


def _zip_entries(
    file: IO[bytes], wanted: Callable[[tuple[str, ...]], bool], limits: Limits
) -> list[_Entry]:
    archive = read_zip(
        file, limits=limits
    )  # a comment is fine: `git archive` puts the commit there
    entries = []
    for member in archive.members:
        parts = name_parts(member.name)
        if member.kind is Kind.SPECIAL:
            raise Unreadable(f"the member {member.name!r} is a {member.kind.value}")
        is_link = member.kind is Kind.LINK
        text = None
        if parts and member.kind is Kind.FILE and wanted(parts):
            text = _text(archive.read(member, limit=_TEXT_LIMIT), member.name)
        target = _text(archive.read(member, limit=4096), member.name) if is_link else None
        if parts:
            entries.append(
                _Entry(parts=parts, kind=member.kind, target=target, size=member.size, text=text)
            )
    return entries


def _text(data: bytes, name: str) -> str:
    if len(data) > _TEXT_LIMIT:
        raise Unreadable(f"{name} has more than {_TEXT_LIMIT} bytes")
    # Old PKG-INFO files are Latin-1 as often as not; no field that matters is affected.
    return data.decode("utf-8", "surrogateescape")


def _top(entries: list[_Entry]) -> tuple[str, ...]:
    """The one top directory, if everything is in one (as pip decides what to strip)."""
    tops = {entry.parts[0] for entry in entries}
    alone = len(tops) == 1 and all(
        len(entry.parts) > 1 or entry.kind is Kind.DIRECTORY for entry in entries
    )
    return (tops.pop(),) if alone else ()


def _check_links(entries: list[_Entry], top: tuple[str, ...]) -> None:
    links = {entry.parts for entry in entries if entry.kind is Kind.LINK}
    for entry in entries:
        name = "/".join(entry.parts)
        if any(entry.parts[:n] in links for n in range(1, len(entry.parts))):
            raise Unreadable(f"the member {name!r} would be written through a symbolic link")
        if entry.target is None:
            continue
        if entry.hard:
            inside = name_parts(entry.target)[: len(top)] == top
        else:
            inside = link_stays_inside(entry.parts, entry.target, root=top)
        if not inside:
            raise Unreadable(f"the link {name!r} leads out of the tree, to {entry.target!r}")


def _sdist(entries: list[_Entry], root: tuple[str, ...], *, filename: str, top: str) -> Sdist:
    """Pick the files of the project's directory."""
    files: dict[str, _Entry] = {}
    for entry in entries:
        name = entry.parts[-1]
        if entry.parts[:-1] == root and name in (*_READ, *_SEEN) and entry.kind is Kind.FILE:
            if name in files:
                raise Unreadable(f"{name} is there twice")
            files[name] = entry
    texts = {name: files[name].text if name in files else None for name in _READ}
    return Sdist(
        filename=filename,
        top=top,
        pyproject=texts["pyproject.toml"],
        pkg_info=texts["PKG-INFO"],
        has_setup_py="setup.py" in files,
        has_setup_cfg="setup.cfg" in files,
        has_crates=any(entry.parts[-1] == _CRATE for entry in entries),
        compiled=sum(
            entry.size * _COMPILED.get(PurePosixPath(entry.parts[-1].lower()).suffix, 0)
            for entry in entries
        ),
    )
