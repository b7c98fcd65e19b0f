"""A container's memory where no control group counts it: looked up in /proc, once a second.

Less than the kernel's own limit, which a process cannot outrun: hence ``ulimit data`` beside it,
which holds each single process. The container's processes are subordinate to us (we own their
user namespace), so their /proc is open to us.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_SCRATCH: Final = ("build", "tmp", "dev/shm")
_INODE: Final = 1024
"""Bytes of the kernel's that a file of a tmpfs costs beside its content."""
_INTERVAL: Final = 1.0


class Watch:
    """The memory of one container.

    Args:
        pidfile: Where podman writes the id of the container's first process.
        proc: Where /proc is.
    """

    def __init__(self, pidfile: Path, *, proc: Path = _PROC) -> None:
        self._pidfile = pidfile
        self._proc = proc
        self._looked = 0.0
        self._used = 0

    def used(self) -> int:
        """Bytes, at most a second old; 0 while it has not started, or is gone."""
        now = time.monotonic()
        if now - self._looked > _INTERVAL:
            self._looked = now
            self._used = self._look()
        return self._used

    def _look(self) -> int:
        try:
            first = int(self._pidfile.read_text())
        except (OSError, ValueError):
            return 0
        return sum(map(self._anonymous, self._family(first))) + sum(
            self._of_scratch(first, place) for place in _SCRATCH
        )

    def _family(self, first: int) -> set[int]:
        """The process and its descendants; orphans inside are the first one's children."""
        found, left = set(), [first]
        while left:
            pid = left.pop()
            if pid in found:
                continue
            found.add(pid)
            for task in (self._proc / str(pid) / "task").glob("*/children"):
                try:
                    left += map(int, task.read_text().split())
                except OSError:  # it ended meanwhile
                    continue
        return found

    def _anonymous(self, pid: int) -> int:
        """What is its own: neither files, which the kernel can drop, nor scratch, counted below."""
        try:
            lines = (self._proc / str(pid) / "status").read_text().splitlines()
        except OSError:
            return 0
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))

    def _of_scratch(self, first: int, place: str) -> int:
        try:
            state = os.statvfs(self._proc / str(first) / "root" / place)
        except OSError:
            return 0
        files = (state.f_blocks - state.f_bfree) * state.f_frsize
        return files + (state.f_files - state.f_ffree) * _INODE
