"""A uid that no other container of the account has, whichever podwheel it belongs to.

``ulimit nproc`` counts a uid's processes in all containers together: one at its limit, and the
next with the same uid cannot even start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 1024
"""Containers of one account at once; the next ones share."""


@contextlib.contextmanager
def claimed(slot: int) -> Iterator[int]:
    """The first slot from *slot* on that is free in the account, while the context lasts.

    A lock in the account's runtime directory stands for it, which the kernel frees if we die.
    Without such a directory it is *slot* itself, and podwheels at the same time share uids.
    """
    places = _places()
    if places is None:
        yield slot
        return
    for number in range(slot, slot + _MOST):
        place = os.open(places / str(number), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
            continue
        try:
            yield number
        finally:
            os.close(place)
        return
    yield slot


def _places() -> Path | None:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere")
    places = runtime / "podwheel" / "uids"
    try:
        places.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return places if os.access(places, os.W_OK) else None
