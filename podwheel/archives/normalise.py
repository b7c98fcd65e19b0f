"""The canonical archive of a wheel: the same content gives the same bytes.

What differs between two builds of the same files is the archive: the order of members, their
times and modes, extra fields, the way they were deflated. All of that is settled here, for a
given zlib. Names, contents and metadata stay what the backend made.
"""

from __future__ import annotations

import hashlib
import re
import stat
import time
import zipfile
from typing import TYPE_CHECKING

from podwheel.archives.contents import Contents, open_wheel
from podwheel.archives.records import SIGNATURES, write_record
from podwheel.archives.zips import Limits
from podwheel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_EARLIEST = 315532800  # 1980-01-01: ZIP knows no earlier time
_LATEST = 4354819198  # 2107-12-31 23:59:58: nor a later one
# PEP 427: starts with a digit; a dash would be the next field.
_BUILD_TAG = re.compile(r"\d[A-Za-z0-9_.]*")


def normalise(
    wheel_path: Path, *, filename: str, build_tag: str | None, epoch: int, into: Path
) -> tuple[Path, str]:
    """Write a wheel's canonical archive.

    Members are sorted, dist-info last and RECORD at the very end (PEP 427 recommends it), all
    deflated and of one time; modes are 0644, or 0755 where the owner could execute. RECORD is
    written anew with sha256; signatures of the old one are dropped.

    Args:
        wheel_path: A wheel that `read_wheel` accepted.
        filename: Its name.
        build_tag: Put into the file name and WHEEL, in place of one that is there; None: leave.
        epoch: Seconds since 1970, UTC (``SOURCE_DATE_EPOCH``); moved into what ZIP can say.
        into: An existing directory without a file of that name.

    Returns:
        The new file, and its name.

    Raises:
        UsageError: *build_tag* is none (PEP 427).
        WheelRejected: The wheel cannot be read after all.
    """
    name = filename if build_tag is None else with_build_tag(filename, build_tag)
    path = into / name
    moment = time.gmtime(min(max(epoch, _EARLIEST), _LATEST))[:6]
    with open_wheel(wheel_path, filename=filename) as contents, path.open("xb") as out:
        own = f"{contents.dist_info}/RECORD"
        rows: list[tuple[str, bytes, int]] = []
        with zipfile.ZipFile(out, "w") as archive:
            for member in _order(contents, own):
                mode = 0o755 if contents.files[member].mode & stat.S_IXUSR else 0o644
                chunks, size = _content(contents, member, build_tag)
                digest = _write(archive, _info(member, moment, mode, size), chunks)
                rows.append((member, digest, size))
            record = write_record(rows, own_name=own)
            _write(archive, _info(own, moment, 0o644, len(record)), [record])
    return path, name


def check_build_tag(build_tag: str) -> None:
    """Refuse what no wheel's name can have in the place of its build tag.

    Raises:
        UsageError: It is none (PEP 427).
    """
    if not _BUILD_TAG.fullmatch(build_tag):
        raise UsageError(
            f"{build_tag!r} is not a build tag",
            hint="it starts with a digit; then letters, digits, _ and . (PEP 427)",
        )


def with_build_tag(filename: str, build_tag: str) -> str:
    """The wheel's file name with that build tag, in place of one that is there.

    Raises:
        UsageError: It is no build tag.
    """
    check_build_tag(build_tag)
    parts = filename.split("-")
    return "-".join((*parts[:2], build_tag, *parts[-3:]))


def _order(contents: Contents, own: str) -> list[str]:
    dropped = {own, *(f"{contents.dist_info}/{name}" for name in SIGNATURES)}
    prefix = f"{contents.dist_info}/"
    return sorted(contents.files.keys() - dropped, key=lambda n: (n.startswith(prefix), n))


def _content(contents: Contents, name: str, build_tag: str | None) -> tuple[Iterable[bytes], int]:
    member = contents.files[name]
    if build_tag is None or name != f"{contents.dist_info}/WHEEL":
        return contents.archive.chunks(member), member.size
    text = contents.archive.read(member, limit=Limits().text).decode("utf-8")
    kept = [line for line in text.splitlines() if line and not line.lower().startswith("build:")]
    data = "\n".join((*kept, f"Build: {build_tag}", "")).encode()
    return [data], len(data)


def _info(name: str, moment: tuple[int, ...], mode: int, size: int) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = moment
    info = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
    info.create_system = 3  # Unix, on whatever system this runs
    info.external_attr = (stat.S_IFREG | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size = size  # known beforehand, so that a ZIP64 field is there only when needed
    return info


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, chunks: Iterable[bytes]) -> bytes:
    """Write one member piece by piece; returns its sha256."""
    digest = hashlib.sha256()
    with archive.open(info, "w") as out:
        for chunk in chunks:
            digest.update(chunk)
            out.write(chunk)
    return digest.digest()
