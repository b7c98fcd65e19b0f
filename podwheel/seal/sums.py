"""``SHA256SUMS``: what a wheelhouse consists of (``sha256sum -c SHA256SUMS`` checks it)."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING

from podwheel.errors import WheelhouseUnusable
from podwheel.seal.record import RECORD, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUMS = "SHA256SUMS"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64}) [ *](?P<name>.+)")


def write_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Write the file, sorted by name."""
    path.write_text(
        "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())), encoding="utf-8"
    )


def read_sums(directory: Path) -> dict[str, str]:
    """Name to sha256 (hex) of everything that belongs to a wheelhouse.

    Raises:
        WheelhouseUnusable: There is no such file, or it is damaged.
    """
    path = directory / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WheelhouseUnusable(f"{path} cannot be read ({error})") from error
    sums = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or match["name"].startswith("/") or ".." in match["name"].split("/"):
            raise WheelhouseUnusable(f"{path} is damaged at the line {line!r}")
        sums[match["name"]] = match["digest"]
    return sums


def differences(directory: Path) -> list[str]:
    """What differs from ``SHA256SUMS``, one line each: missing, changed, or a wheel too many."""
    sums = read_sums(directory)
    found = []
    for name, digest in sums.items():
        actual = _digest(directory / name)
        if actual is None:
            found.append(f"{name} is missing")
        elif actual != digest:
            found.append(f"{name} was changed")
    # pip's --find-links would take any wheel that lies there.
    strangers = (p.name for p in directory.iterdir() if p.name.endswith(".whl"))
    found += [f"{name} does not belong to it" for name in sorted(set(strangers) - sums.keys())]
    return found


def is_ours(directory: Path) -> bool:
    """Whether a directory is a wheelhouse that podwheel wrote."""
    try:
        read_record(directory / RECORD)
        read_sums(directory)
    except WheelhouseUnusable:
        return False
    return True


def foreign_files(directory: Path) -> list[str]:
    """The files in a wheelhouse that podwheel did not write, sorted."""
    own = {*read_sums(directory), SUMS}
    there = {
        os.path.relpath(os.path.join(root, name), directory)  # noqa: PTH118
        for root, _, files in os.walk(directory)
        for name in files
    }
    return sorted(there - own)


def _digest(path: Path) -> str | None:
    """The sha256 of a regular file; None for anything else, a symbolic link included."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
