"""A large sorted file of lines, searched where it lies: nothing of it becomes an object but the answer."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SortedLines:
    """Lines in the order of their bytes, as ``LC_ALL=C sort`` leaves them.

    May be used by several threads at once: nothing in here moves.
    """

    def __init__(self, path: Path) -> None:
        """Map *path* into memory.

        Raises:
            OSError: It cannot be read.
            ValueError: It is empty, or its last line has no end: it was cut off.
        """
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._bytes[-1:] != b"\n":
            raise ValueError(f"{path.name} was cut off")

    def starting(self, prefix: bytes) -> Iterator[bytes]:
        """The lines that begin with *prefix*, without their ends, in order."""
        position = self._first_not_below(prefix)
        while self._bytes[position : position + len(prefix)] == prefix:
            end = self._bytes.find(b"\n", position)
            if end < 0:  # an empty prefix, past the last line
                return
            yield self._bytes[position:end]
            position = end + 1

    def _first_not_below(self, prefix: bytes) -> int:
        """Where the first line begins that is not less than *prefix*; the file's length if none is."""
        low, high = 0, len(self._bytes)
        while low < high:
            # The start of the line that holds the middle; never before `low`, which is a start too.
            newline = self._bytes.rfind(b"\n", low, (low + high) // 2)
            start = low if newline < 0 else newline + 1
            if self._bytes[start : start + len(prefix)] < prefix:
                low = self._bytes.find(b"\n", start) + 1
            else:
                high = start
        return low
