"""Reading a wheel that nobody vouches for: out of a container, or from an index.

`read_wheel` returns a `model.Wheel` only if the file means one thing to every reader, and
names everything else (PEP 427, the binary distribution format; PEP 376 for RECORD). Nothing is
unpacked, nothing executed.
"""

from __future__ import annotations

import hashlib
import re
from configparser import ConfigParser
from configparser import Error as ConfigError
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.tags import InvalidTag, parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from podwheel import log
from podwheel.archives.contents import open_wheel
from podwheel.archives.elf import HEAD, is_native
from podwheel.archives.metadata import parse_metadata
from podwheel.archives.modules import extension_module, top_level_modules
from podwheel.archives.records import SIGNATURES, Row, read_record
from podwheel.archives.streams import Unreadable, sha256_of
from podwheel.archives.zips import Limits
from podwheel.errors import MetadataUnusable, WheelRejected
from podwheel.model import Wheel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from packaging.tags import Tag

    from podwheel.archives.contents import Contents, Filename
    from podwheel.archives.zips import Member
    from podwheel.model import Metadata


_LINUX = re.compile(r"^(?:many|musl)?linux(?:\d+|_\d+_\d+)?_")


def read_wheel(
    path: Path, *, filename: str, limits: Limits | None = None, linked: bool = False
) -> Wheel:
    """Read and check a wheel.

    Args:
        path: The file; it may be named by hash.
        filename: The name that it has, or is published under.
        limits: What it may cost.
        linked: Whether the file may have more than one name (a user's own wheelhouse may).

    Raises:
        WheelRejected: With what exactly is wrong.
    """
    limits = limits or Limits()
    with open_wheel(path, filename=filename, limits=limits, linked=linked) as contents:
        metadata = _metadata(contents, limits)
        root_is_purelib = _read_wheel_file(contents, limits)
        _check_scripts(contents, limits)
        extensions, hollow = _check_record(contents, limits)
        return Wheel(
            path=path,
            filename=filename,
            sha256=sha256_of(contents.file),
            size=contents.file.seek(0, 2),
            name=contents.filename.name,
            version=contents.filename.version,
            tags=contents.filename.tags,
            metadata=metadata,
            modules=_modules(contents, hollow, limits),
            extensions=extensions,
            root_is_purelib=root_is_purelib,
        )


def expect(
    wheel: Wheel, *, name: str, version: Version | None, tags: Collection[Tag], built: bool
) -> None:
    """Refuse a wheel that is not the one that was asked for.

    Args:
        name: Normalised.
        version: None: any. A *built* wheel may add a local version (``1.0+cpu``) to a version
            that has none: ``==1.0`` takes it (PEP 440), and some builds label theirs.
        tags: What the target's Python accepts.
        built: Whether podwheel built it; else it is upstream's.

    Raises:
        WheelRejected: Names what was asked and what came.
    """
    if wheel.name != name:
        raise WheelRejected(
            f"{wheel.filename} came, {name} was asked for",
            # setuptools before 61 does not read [project], and names the wheel so.
            hint="the backend did not find the project's name: it may be too old for the source"
            if wheel.name == "unknown"
            else (),
        )
    if version is not None and wheel.version != version:
        local_added = built and version.local is None and Version(wheel.version.public) == version
        if not local_added:
            raise WheelRejected(
                f"{wheel.filename} came, {name} {version} was asked for",
                hint="a version taken from a version control system needs "
                "SETUPTOOLS_SCM_PRETEND_VERSION or its like"
                if built
                else (),
            )
    if wheel.tags.isdisjoint(tags):
        raise WheelRejected(
            f"{wheel.filename} does not fit the target",
            said="its tags: " + ", ".join(sorted(map(str, wheel.tags))),
        )


def _metadata(contents: Contents, limits: Limits) -> Metadata:
    filename = contents.filename
    member = contents.files.get(f"{contents.dist_info}/METADATA")
    if member is None:
        raise Unreadable("it has no METADATA")
    try:
        metadata = parse_metadata(
            contents.archive.read(member, limit=limits.text), where=f"{filename.text}: METADATA"
        )
    except MetadataUnusable as error:
        raise WheelRejected(error.what, said=error.said) from error
    if canonicalize_name(metadata.name) != filename.name or metadata.version != filename.version:
        raise Unreadable(f"its METADATA is that of {metadata.name} {metadata.version}")
    return metadata


def _read_wheel_file(contents: Contents, limits: Limits) -> bool:
    """Check WHEEL; returns Root-Is-Purelib."""
    text = contents.text("WHEEL", limit=limits.text)
    if text is None:
        raise Unreadable("it has no WHEEL file")
    # scikit-build before 0.18 wrote a blank line in front of the tags, which ends an email's header.
    fields = HeaderParser().parsestr("\n".join(filter(str.strip, text.splitlines())))
    version = str(fields.get("Wheel-Version", "")).strip()
    if version.partition(".")[0] != "1":
        raise Unreadable(f"its Wheel-Version is {version or 'missing'}; 1.x is known")
    purelib = str(fields.get("Root-Is-Purelib", "")).strip().lower()
    if purelib not in ("true", "false"):
        raise Unreadable(f"its Root-Is-Purelib is {purelib or 'missing'}")
    try:
        tags = {t for line in fields.get_all("Tag", []) for t in parse_tag(str(line).strip())}
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"a Tag line of its WHEEL cannot be read ({error})") from error
    _check_tags(tags, contents.filename)
    build = str(fields.get("Build", "")).strip()
    stated = "".join(map(str, contents.filename.build))
    if build and stated and build != stated:
        raise Unreadable(f"its WHEEL says build {build}, its file name {stated}")
    return purelib == "true"


def _check_scripts(contents: Contents, limits: Limits) -> None:
    """Entry points become programs by their names: an installer would follow one that climbs."""
    parser = ConfigParser(delimiters="=", strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(contents.text("entry_points.txt", limit=limits.text) or "")
    except ConfigError as error:
        raise Unreadable(f"its entry_points.txt cannot be read ({error})") from error
    for section in ("console_scripts", "gui_scripts"):
        for name in parser.options(section) if parser.has_section(section) else ():
            if "/" in name or "\\" in name or name in (".", "..") or not name.isprintable():
                raise Unreadable(f"the entry point {name!r} is no file name")


def _check_tags(tags: set[Tag], filename: Filename) -> None:
    """WHEEL and the file name say the same, except for the name of the Linux platform.

    Upstreams rename ``linux_x86_64`` wheels to a manylinux name without touching WHEEL; what
    the file runs on is the same, and its name is what installers go by.
    """
    if tags == filename.tags:
        return
    if {_coarse(tag) for tag in tags} != {_coarse(tag) for tag in filename.tags}:
        raise Unreadable(
            f"its WHEEL has the tags {', '.join(sorted(map(str, tags))) or '(none)'}, "
            f"not those of its file name"
        )
    log.get().debug("wheel.platform_renamed", filename=filename.text)


def _coarse(tag: Tag) -> tuple[str, str, str]:
    return tag.interpreter, tag.abi, _LINUX.sub("linux_", tag.platform)


def _check_record(contents: Contents, limits: Limits) -> tuple[tuple[str, ...], set[str]]:
    """Check every member against RECORD.

    Returns:
        The names of native files, sorted; and of those named like a top-level extension module
        that export no module.
    """
    own = f"{contents.dist_info}/RECORD"
    if own not in contents.files:
        raise Unreadable("it has no RECORD")
    rows = read_record(contents.archive.read(contents.files[own], limit=limits.text), own_name=own)
    unlisted = {own, *(f"{contents.dist_info}/{name}" for name in SIGNATURES)}
    native: list[str] = []
    hollow: set[str] = set()
    for name, member in contents.files.items():
        row = rows.pop(name, None)
        if name in unlisted:
            continue
        if row is None:
            raise Unreadable(f"its RECORD does not list {name}")
        is_loadable, exports = _check_content(contents, member, row)
        if is_loadable:
            native.append(name)
        if not exports:
            hollow.add(name)
    if rows:
        raise Unreadable(f"its RECORD lists {min(rows)}, which is not there")
    return tuple(sorted(native)), hollow


def _check_content(contents: Contents, member: Member, row: Row) -> tuple[bool, bool]:
    """Hash one member; returns whether it is native, and whether it is not a hollow extension."""
    if row.size is not None and row.size != member.size:
        raise Unreadable(f"{member.name} has {member.size} bytes; its RECORD says {row.size}")
    library = contents.library_path(member.name)
    module = extension_module(library.rsplit("/", 1)[-1]) if library else None
    # A shared object without PyInit_x (initx on Python 2) is a library for ctypes, however it
    # is named; importing it would fail.
    wanted = tuple(f"{p}{module}\0".encode() for p in ("PyInit_", "init")) if module else ()
    digest = hashlib.new(row.algorithm)
    head = tail = b""
    exports = not wanted
    for chunk in contents.archive.chunks(member):
        digest.update(chunk)
        head = head or chunk[:HEAD]
        if not exports:
            joined = tail + chunk
            exports = any(symbol in joined for symbol in wanted)
            tail = joined[-max(map(len, wanted)) :]
    if digest.digest() != row.digest:
        raise Unreadable(f"the hash of {member.name} is not the one in its RECORD")
    return is_native(head), exports


def _modules(contents: Contents, hollow: set[str], limits: Limits) -> tuple[str, ...]:
    def lines(name: str) -> Iterable[str]:
        return (contents.text(name, limit=limits.text) or "").split()

    paths = {name: contents.library_path(name) for name in contents.files}
    return top_level_modules(
        [path for path in paths.values() if path],
        namespaces=frozenset(lines("namespace_packages.txt")),
        stated=frozenset(lines("top_level.txt")),
        not_modules=frozenset(p for name in hollow if (p := paths[name])),
    )
