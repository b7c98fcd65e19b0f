"""Where the wheels of build environments came from, noted while a run resolves and builds them.

A step names its environment by the wheels' hashes; this says, for each hash, which step made it or
which upstream file it is, so that a wheelhouse can be followed down to sources.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.build.step import Built
    from podwheel.model import Wheel


@frozen(kw_only=True)
class Taken:
    """An upstream wheel of a build environment."""

    wheel: Wheel
    seed: bool
    """It was declared as one, and used as one."""
    declared: bool
    """``--only-binary`` named it."""


@frozen(kw_only=True)
class Origins:
    """What is known of one run's build environments; safe to share between threads."""

    _built: dict[str, dict[str, Built]] = field(factory=dict, init=False)
    """By the wheel's hash, then by the step's identity: two steps may make the same bytes."""
    _products: dict[str, str] = field(factory=dict, init=False)
    """By the step's identity, the hash of its wheel: what stands first, where a step made several."""
    _taken: dict[str, Taken] = field(factory=dict, init=False)
    _circles: dict[str, set[tuple[str, ...]]] = field(factory=dict, init=False)
    """By the seed's hash: the names around each circle that it opened."""
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def built(self, one: Built) -> None:
        """A build requirement's wheel was built here, now or before."""
        assert one.step is not None, one.wheel.filename
        with self._lock:
            self._built.setdefault(one.wheel.sha256, {})[one.step.id] = one
            self._products.setdefault(one.step.id, one.wheel.sha256)

    def taken(self, one: Taken) -> None:
        """Upstream's wheel of a build requirement was taken."""
        with self._lock:
            self._taken[one.wheel.sha256] = one

    def opened(self, seed: Wheel, circle: Sequence[str]) -> None:
        """A seed opened a circle; empty: its project has no source."""
        with self._lock:
            self._circles.setdefault(seed.sha256, set()).add(tuple(circle))

    def maker(self, sha256: str) -> Built | None:
        """The step that made a build requirement's wheel; of several, always the same one."""
        made = self._built.get(sha256, {})
        return made[min(made)] if made else None

    def product(self, step: str) -> str | None:
        """The hash of the wheel that a step made, where it was a build requirement."""
        return self._products.get(step)

    def upstream(self, sha256: str) -> Taken | None:
        """What is known of an upstream wheel of a build environment."""
        return self._taken.get(sha256)

    def circles(self, sha256: str) -> tuple[tuple[str, ...], ...]:
        """The circles that a seed opened, sorted."""
        return tuple(sorted(self._circles.get(sha256, ())))
