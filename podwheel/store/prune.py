"""What the store holds, how big and how old it is; and removing what nobody has used for long.

Everything in a store can be made, fetched or asked again. What a running podwheel has used stays:
`Store.has` dates it as used, `Store.running` says since when; here both are looked at, and an
entry moved away, while nobody can begin to use it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.store.store import RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from podwheel.store.store import Store

_DEPTHS: Final = {
    "blobs": 2,
    "unpacked": 2,
    "documents": 3,
    "crates": 2,
    "vendored": 2,
    "git": 1,
    "ccache": 2,
    "ccache-program": 1,
    "file-indexes": 1,
    "index": 3,
    "logs": 1,
}
"""The directories that hold entries, and how deep each entry is. Crates come before the sets that are links to them."""
_IMAGE_LOGS: Final = "images"
_AT_ONCE: Final = 64
_SLACK: Final = 1.0
"""Seconds by which the dates of a file system and the clock may differ."""
_NEW: Final = 5.0
"""Seconds for which the mark of a running podwheel may not be locked yet."""


@frozen(kw_only=True)
class Entry:
    """One thing that can be removed by itself."""

    kind: str
    """``wheels``, ``blobs``, ``unpacked``…"""
    path: Path
    size: int
    """Bytes on the disk; of what has several names, those that were not counted yet."""
    used: float
    """When it was made or last used, in seconds since the epoch."""


def survey(store: Store) -> tuple[Entry, ...]:
    """Everything that the store holds, but for locks and what is in the making."""
    wheels = {path.stem for path in store.root.glob("documents/wheel/*/*.json")}
    counted: set[tuple[int, int]] = set()
    return tuple(
        Entry(
            kind="wheels" if top == "blobs" and path.name in wheels else top,
            path=path,
            size=_size(path, counted),
            used=used,
        )
        for top, depth in _DEPTHS.items()
        for path in _entries(store.root / top, depth)
        if (used := _used(path)) is not None
    )


def choose(
    entries: Iterable[Entry], *, before: float | None, most: int | None
) -> tuple[Entry, ...]:
    """What is to go, longest unused first.

    Args:
        before: What was not used since then (seconds since the epoch); None: whatever its age.
        most: Bytes that may stay; None: any number.
    """
    oldest = sorted(entries, key=lambda e: e.used)
    total = sum(e.size for e in oldest)
    chosen = []
    for entry in oldest:
        aged = before is not None and entry.used < before
        if aged or (most is not None and total > most):
            chosen.append(entry)
            total -= entry.size
    return tuple(chosen)


def in_use_since(store: Store) -> float:
    """What was used after this moment may be in use: when the first of the running podwheels started, or now."""
    since = now = time.time()
    for mark in (store.root / "locks").glob(f"{RUNNING}*"):
        try:
            with mark.open("rb") as handle:
                started = os.fstat(handle.fileno()).st_mtime
                if now - started > _NEW:  # else it may not be locked yet
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    mark.unlink(missing_ok=True)  # its process was killed
                    continue
        except BlockingIOError:
            pass
        except OSError:
            continue
        since = min(since, started)
    return since - _SLACK


def remove(store: Store, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Remove entries that are not in use; those that were removed."""
    since = in_use_since(store)
    removed: list[Entry] = []
    for start in range(0, len(entries), _AT_ONCE):
        # What is moved away is removed with the attempt, after the lock was given back.
        with store.attempt("prune") as away, store.pruning(fcntl.LOCK_EX):
            for number, entry in enumerate(entries[start : start + _AT_ONCE]):
                used = _used(entry.path)
                if used is not None and used < since:
                    entry.path.rename(away / str(number))
                    removed.append(entry)
    return tuple(removed)


def _entries(top: Path, depth: int) -> Iterator[Path]:
    """The entries below *top*; what is made or removed meanwhile may be missing."""
    try:
        with os.scandir(top) as found:
            inside = sorted(found, key=lambda e: e.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for one in inside:
        if depth > 1 or (one.name == _IMAGE_LOGS and top.name == "logs"):
            yield from _entries(Path(one.path), depth - 1 or 1)
        elif not one.name.startswith("."):  # half a file, of `write_whole`
            yield Path(one.path)


def _inside(directory: Path) -> list[str]:
    """The names in a directory, which is not dated as used by this."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOATIME)
    try:
        return os.listdir(handle)  # noqa: PTH208 - a descriptor, which no Path can be
    finally:
        os.close(handle)


def _used(path: Path) -> float | None:
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return max(found.st_atime, found.st_mtime)


def _size(path: Path, counted: set[tuple[int, int]]) -> int:
    total = 0
    stack = [path]
    while stack:
        current = stack.pop()
        try:
            found = current.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                stack.extend(current / name for name in _inside(current))
        except OSError:  # gone meanwhile
            continue
        if not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1:
            if (found.st_dev, found.st_ino) in counted:
                continue
            counted.add((found.st_dev, found.st_ino))
        total += found.st_blocks * 512
    return total
