"""What publishing needs of a disk: errors that say what was written, and directories flushed."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from podwheel.errors import DiskFull, HostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def telling_of(what: str, *, option: str) -> Iterator[None]:
    """Turn what the system says while *what* is written into an error for people.

    Args:
        option: How another place is named: ``--output DIR``.

    Raises:
        DiskFull: No space.
        HostError: Anything else that the system refused.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"no space left for {what}; nothing of it was written",
                hint=f"free some, or name another place with {option}",
            ) from error
        raise HostError(
            f"{what} cannot be written ({error.strerror or error})",
            hint="its parent directory must be writable",
        ) from error


def flush_directory(path: Path) -> None:
    """Force a directory's entries to the disk: a rename is one of them."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
