"""What a build will cost: what it cost the last time, else a guess from its source.

The order of the builds depends on it, and which of them run together; not one byte does. It is
kept by the project's name and the target's, so that another version, or another environment, has
a guess as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from podwheel.build.task import Expected
from podwheel.store import digest_of

if TYPE_CHECKING:
    from podwheel.build.step import Usage
    from podwheel.store import Store

_KIND: Final = "cost"
_LEAST: Final = 1.0
"""Seconds of any build: a container, a backend."""
_COMPILED: Final = 40_000
"""Bytes of C that take a second."""
_ARCHIVED: Final = 200_000
"""Bytes of an archive that do, where nothing else is known of it."""


def remember(store: Store, *, target: str, name: str, usage: Usage) -> None:
    """Keep what a build has used.

    Its time is that in which nothing else would have hindered it, as far as that can be told: not
    more than it ran, not more than its processes computed.
    """
    seconds = min(usage.seconds, usage.cpu_seconds or usage.seconds)
    document = {"seconds": round(seconds, 3), "memory": usage.peak_memory or 0}
    store.write(_KIND, digest_of([target, name]), document)


def known(store: Store, *, target: str, name: str) -> Expected | None:
    """What a build of that project cost the last time; None: there was none."""
    document: Any = store.read(_KIND, digest_of([target, name]))
    try:
        return Expected(seconds=float(document["seconds"]), memory=int(document["memory"]))
    except (TypeError, KeyError, ValueError):  # none, or a damaged one
        return None


def guess(*, archive: int | None = None, compiled: int = 0) -> Expected:
    """What a build may cost that was never seen.

    Args:
        archive: Bytes of the source archive, where no more is known of it.
        compiled: `Sdist.compiled`.
    """
    return Expected(seconds=_LEAST + (archive or 0) / _ARCHIVED + compiled / _COMPILED)


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> float:
    """Bytes that builds may use without driving others out; no limit, where the kernel does not say."""
    for line in meminfo.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return float("inf")
