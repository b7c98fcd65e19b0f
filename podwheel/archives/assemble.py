"""Merging laid-out wheels into one environment by hard links."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from podwheel import log
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Another file system; no hard links there (EPERM); as many as the file can have (ext4: 65,000).
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP})


def assemble(parts: Sequence[Path], *, into: Path) -> None:
    """Merge trees made by `lay_out` (and `virtual_environment`) into one.

    Directories are made anew; files are hard links, or copies where there can be none. Where
    two parts have different files of one name the later part's stands, as it would after two
    ``pip install``.

    Args:
        parts: The trees, in order.
        into: The result; made if it is not there.

    Raises:
        WheelRejected: One part has a file where another has a directory.
    """
    into.mkdir(parents=True, exist_ok=True)
    for part in parts:
        _merge(os.fspath(part), os.fspath(into), root=os.fspath(into))


def _merge(source: str, target: str, *, root: str) -> None:
    # Plain strings and scandir: with pathlib this takes three times as long.
    with os.scandir(source) as entries:
        for entry in entries:
            place = f"{target}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                try:
                    os.mkdir(place)  # noqa: PTH102
                except FileExistsError:
                    if not os.path.isdir(place) or os.path.islink(place):  # noqa: PTH112, PTH114
                        raise _conflict(place, root) from None
                _merge(entry.path, place, root=root)
            else:
                _link(entry.path, place, root=root)


def _link(source: str, place: str, *, root: str) -> None:
    try:
        os.link(source, place, follow_symlinks=False)
    except FileExistsError:
        _overlap(source, place, root=root)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copy2(source, place, follow_symlinks=False)


def _overlap(source: str, place: str, *, root: str) -> None:
    """Two parts have a file of that name: the later one's stands."""
    if os.path.isdir(place) and not os.path.islink(place):  # noqa: PTH112, PTH114
        raise _conflict(place, root) from None
    log.get().debug("environment.overlap", path=os.path.relpath(place, root))
    os.unlink(place)  # noqa: PTH108
    _link(source, place, root=root)


def _conflict(place: str, root: str) -> WheelRejected:
    return WheelRejected(
        f"two wheels of one environment disagree: {os.path.relpath(place, root)} "
        "is a file in one and a directory in the other"
    )
