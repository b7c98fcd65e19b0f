"""A wheel's archive, its members' names and kinds checked (PEP 427).

Shared by the reader (wheel.py), which goes on to check every content, and by those who use a
wheel that was read already (normalise.py, layout.py, elf.py).
"""

from __future__ import annotations

import contextlib
import re
import stat
from typing import TYPE_CHECKING

from attrs import frozen
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from podwheel.archives.streams import Unreadable, name_parts, open_regular
from podwheel.archives.zips import Kind, Limits, Member, Zip, read_zip
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName

SCHEMES = frozenset({"purelib", "platlib", "scripts", "headers", "data"})
_DRIVE = re.compile(r"[A-Za-z]:")


@frozen(kw_only=True)
class Filename:
    """A wheel's file name, taken apart (PEP 427)."""

    text: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]


@frozen(kw_only=True)
class Contents:
    """An open wheel; use it only inside `open_wheel`."""

    filename: Filename
    file: IO[bytes]
    archive: Zip
    files: Mapping[str, Member]
    """Regular files by name, in the archive's order; directory entries are left out."""
    dist_info: str
    """``name-1.0.dist-info``, spelled as in the archive."""
    data: str | None
    """``name-1.0.data``, where there is one."""

    def library_path(self, name: str) -> str | None:
        """Where a member lands relative to site-packages; None if elsewhere, or in dist-info."""
        top, _, rest = name.partition("/")
        if top == self.dist_info:
            return None
        if top != self.data:
            return name
        scheme, _, path = rest.partition("/")
        return path if scheme in ("purelib", "platlib") else None

    def text(self, name: str, *, limit: int) -> str | None:
        """A dist-info file's text, or None.

        Raises:
            Unreadable: It is too large, or not UTF-8.
        """
        member = self.files.get(f"{self.dist_info}/{name}")
        if member is None:
            return None
        try:
            return self.archive.read(member, limit=limit).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(f"its {name} is not UTF-8") from error


@contextlib.contextmanager
def open_wheel(
    path: Path, *, filename: str, limits: Limits | None = None, linked: bool = False
) -> Iterator[Contents]:
    """Open a wheel whose structure and member names are sound; contents are not yet checked.

    Args:
        path: The file.
        filename: Its published name; the path may be a hash.
        linked: Whether the file may have more than one name.

    Raises:
        WheelRejected: Anything that is wrong, `Unreadable` raised in the block included.
    """
    limits = limits or Limits()
    parsed = parse_filename(filename)
    try:
        with open_regular(path, limit=limits.size, linked=linked) as file:
            archive = read_zip(file, limits=limits)
            files = _regular_files(archive)
            tops = {name.partition("/")[0] for name in files}
            yield Contents(
                filename=parsed,
                file=file,
                archive=archive,
                files=files,
                dist_info=_dist_info(tops, parsed),
                data=_data(tops, files, parsed),
            )
    except Unreadable as reason:
        raise WheelRejected(f"{filename} is not a sound wheel: {reason}") from reason


def parse_filename(filename: str) -> Filename:
    """Take a wheel's file name apart.

    Raises:
        WheelRejected: It is none.
    """
    try:
        name, version, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise WheelRejected(f"{filename!r} is not a wheel's file name ({error})") from error
    return Filename(text=filename, name=name, version=version, build=build, tags=tags)


def _regular_files(archive: Zip) -> dict[str, Member]:
    files: dict[str, Member] = {}
    for member in archive.members:
        _check_member(member)
        if member.kind is Kind.FILE:
            files[member.name] = member
    if archive.comment:
        # Nothing that builds wheels writes one, and it can hold a second archive's end record.
        raise Unreadable("it has an archive comment")
    directories = {name[:at] for name in files for at, c in enumerate(name) if c == "/"}
    if both := sorted(directories & files.keys()):
        raise Unreadable(f"{both[0]!r} is a file and a directory")
    # Below the top level, names that differ by case only are two files on Linux, and no harm.
    # At the top, installers look dist-info and packages up by normalised name.
    tops = {name.partition("/")[0] for name in files}
    if len({top.casefold() for top in tops}) != len(tops):
        twin = sorted(t for t in tops if sum(t.casefold() == o.casefold() for o in tops) > 1)
        raise Unreadable(f"names differ by case only: {', '.join(twin)}")
    return files


def _check_member(member: Member) -> None:
    name = member.name
    parts = name_parts(name)
    if "/".join(parts) != name.removesuffix("/"):
        raise Unreadable(f"the member {name!r} has empty or dot parts in its name")
    if "\\" in name or _DRIVE.match(name):
        raise Unreadable(f"the member {name!r} has a Windows path for a name")
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in name):
        raise Unreadable(f"the member {name!r} has control characters in its name")
    if member.kind not in (Kind.FILE, Kind.DIRECTORY):
        raise Unreadable(f"the member {name!r} is a {member.kind.value}")
    if member.kind is Kind.FILE and member.mode & (stat.S_ISUID | stat.S_ISGID):
        raise Unreadable(f"the member {name!r} is set-user-id or set-group-id")


def _dist_info(tops: set[str], filename: Filename) -> str:
    found = sorted(top for top in tops if top.lower().endswith(".dist-info"))
    if len(found) != 1:
        raise Unreadable(
            "it has no .dist-info directory" if not found
            else f"it has more than one .dist-info directory: {', '.join(found)}"
        )  # fmt: skip
    if not found[0].endswith(".dist-info") or not _belongs(found[0], filename):
        raise Unreadable(f"its {found[0]} does not belong to the file name")
    return found[0]


def _data(tops: set[str], files: Mapping[str, Member], filename: Filename) -> str | None:
    # pip takes any top-level directory so named for installation schemes, other installers
    # only the wheel's own.
    found = sorted(top for top in tops if top.endswith(".data") and top not in files)
    if not found:
        return None
    if len(found) > 1 or not _belongs(found[0], filename):
        raise Unreadable(f"it has .data directories that are not its own: {', '.join(found)}")
    for name in files:
        top, _, rest = name.partition("/")
        if top == found[0] and (rest.partition("/")[0] not in SCHEMES or "/" not in rest):
            raise Unreadable(f"the member {name!r} is in no known installation scheme")
    return found[0]


def _belongs(directory: str, filename: Filename) -> bool:
    """Whether ``name-version.suffix`` is that of the file name, both spelled freely."""
    name, _, version = directory.rpartition(".")[0].rpartition("-")
    try:
        # Wheels made before PEP 440's escaping write a local version's or a post-release's
        # dash as an underscore.
        same = Version(version.replace("_", "-")) == filename.version
    except InvalidVersion:
        return False
    return same and canonicalize_name(name) == filename.name
