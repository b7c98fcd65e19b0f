"""Many crates side by side, into the store."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from typing import TYPE_CHECKING, Final

from podwheel import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from podwheel.rust.lock import Crate

AT_ONCE: Final = 8
"""Crates are small: it is the waiting that is shared, and a registry is not to be flooded."""


def fetch(
    crates: Sequence[Crate], bring: Callable[[Crate], Path], *, has: Callable[[Crate], bool]
) -> dict[Crate, Path]:
    """Bring every crate's file, `AT_ONCE` at a time; one event tells of all that were not there.

    Args:
        bring: Returns the file in the store; runs in other threads.
        has: Whether the store has it already.

    Raises:
        PodwheelError: The first that *bring* raised; what is under way then is given up.
    """
    missing = [crate for crate in crates if not has(crate)]
    started = time.monotonic()
    brought = _side_by_side(missing, bring)
    if missing:
        log.get().info(
            "crates.fetch",
            number=len(missing),
            bytes=sum(path.stat().st_size for path in brought.values()),
            seconds=round(time.monotonic() - started, 3),
        )
    return {crate: brought[crate] if crate in brought else bring(crate) for crate in crates}


def _side_by_side(crates: Sequence[Crate], bring: Callable[[Crate], Path]) -> dict[Crate, Path]:
    waiting: queue.SimpleQueue[Crate | None] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[Crate, Path | BaseException]] = queue.SimpleQueue()
    workers = min(AT_ONCE, len(crates))
    for crate in (*crates, *[None] * workers):
        waiting.put(crate)

    def work() -> None:
        while (crate := waiting.get()) is not None:
            try:
                ended.put((crate, bring(crate)))
            except BaseException as error:  # noqa: BLE001 - handed on to the caller
                ended.put((crate, error))

    for _ in range(workers):
        # Daemons, not a pool: the interpreter would wait for a pool's, Ctrl-C or not.
        context = contextvars.copy_context()  # the log's bound keys
        threading.Thread(
            target=context.run, args=(work,), name="podwheel-crates", daemon=True
        ).start()
    brought: dict[Crate, Path] = {}
    try:
        while len(brought) < len(crates):
            crate, result = ended.get()
            if isinstance(result, BaseException):
                raise result
            brought[crate] = result
    finally:
        while not waiting.empty():  # after an error nobody starts another one
            try:
                waiting.get_nowait()
            except queue.Empty:
                break
        for _ in range(workers):
            waiting.put(None)
    return brought
