"""How much one step may use where nobody said: what this machine has, shared out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import asdict, evolve

from podwheel.sandbox.job import Limits

if TYPE_CHECKING:
    from podwheel.settings import LimitSettings

_CGROUPS: Final = Path("/sys/fs/cgroup")
_AROUND: Final = ("memory.max", "memory/memory.limit_in_bytes")
"""What holds a container that podwheel itself runs in, on cgroup v2 and v1."""
_RESERVE: Final = 2 << 30
"""Bytes that stay the host's, at most: podwheel, podman, and whoever else works here."""


def memory_here(*, cgroups: Path = _CGROUPS) -> int:
    """Bytes that this machine has, or that the container around us may use."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _AROUND:
        try:
            found.append(int((cgroups / name).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return min(found)


def default_limits(jobs: int, *, memory: int) -> Limits:
    """What a step may use unless somebody said otherwise.

    A step alone may have all memory but a reserve; of several at once each may have the half, so
    that a large build is not starved by small ones, and one that runs away leaves the others theirs.

    Args:
        jobs: How many steps run at once.
        memory: Bytes of the machine.
    """
    usable = memory - min(_RESERVE, memory // 8)
    return Limits(
        memory=usable if jobs == 1 else usable // 2,
        scratch=min(Limits().scratch, memory // 2),  # scratch is a tmpfs
    )


def limits_of(jobs: int, *said: LimitSettings) -> Limits:
    """The limits of a run's steps.

    Args:
        said: What was said about them; the later one wins.
    """
    limits = default_limits(jobs, memory=memory_here())
    for one in said:
        given = asdict(one)
        limits = evolve(limits, **{k: v for k, v in given.items() if v is not None})
    return limits
