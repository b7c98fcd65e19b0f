"""The run's job tokens: as many as jobs may run at once, over all steps together.

GNU make's jobserver, with a broker in its middle. A step that runs holds one token by its slot,
and has a FIFO of its own that nobody else reads (one for all would be a channel between steps).
Spare tokens lie in FIFOs of steps that may use them: make, ninja, cargo, rustc and our own
guest/compilers.py take one for each further job, and put it back. When another step is ready to run, or a step
leaves its tokens lying, they are taken out again.

Whatever a step does to its FIFO, no more is ever counted back than was put in, and all that it
was given is free when it has ended: it can deceive itself, and nobody else.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE: Final = 10.0
"""Seconds after which a step starts though no token comes back: one that takes them and never
puts one back must not stop the run."""

_TOKEN: Final = b"+"


@define(eq=False, kw_only=True)
class Slot:
    """The right to run one container, and one job in it; made by `Tokens.take`."""

    number: int
    """Which of the places that run at the same time: decides the uid."""
    share: int
    """How many jobs its build is told to run by those tools that know nothing of tokens."""
    weight: float = 0.0
    """Seconds of the longest chain that it is the beginning of."""
    since: float = 0.0
    """When it was taken, by the clock of `Tokens`."""
    fifo: Path | None = None
    """Its jobserver; None: no step of this run has one."""
    descriptor: int = -1
    given: int = 0
    """Tokens that it was given and has not returned: they lie in the FIFO, or jobs of it hold them."""
    hungry: bool = True
    """It has used all that it was given, or was never given any."""
    held: bool = True


@define(kw_only=True, eq=False)
class Tokens:
    """Hands out slots, and moves what is spare. Called with its owner's lock held."""

    jobs: int
    directory: Path | None = None
    """Where the FIFOs are made; None: there are none, and a slot is one token."""
    clock: Callable[[], float] = time.monotonic
    free: int = field(init=False)
    """Tokens that nobody holds; below zero where a step was started without one."""
    deferred: bool = field(default=False, init=False)
    """Its owner lets steps wait that are ready, for what `leader` can use."""
    _slots: dict[int, Slot] = field(factory=dict, init=False)
    _names: itertools.count[int] = field(factory=itertools.count, init=False)
    _refused: float | None = field(default=None, init=False)
    """Since when a step that is ready has been waiting for a token."""

    def __attrs_post_init__(self) -> None:
        self.free = self.jobs

    @property
    def held(self) -> tuple[Slot, ...]:
        """The slots that are held."""
        return tuple(self._slots.values())

    @property
    def awaited(self) -> tuple[int, ...]:
        """The FIFOs out of which the next token may come, as descriptors to poll, if one is awaited."""
        if self._refused is None:
            return ()
        return tuple(s.descriptor for s in self._slots.values() if s.given)

    @property
    def restless(self) -> bool:
        """Whether to look around in a moment: one is awaited, or may lie where nobody uses it."""
        lent = any(slot.given for slot in self._slots.values())
        return lent and (len(self._slots) > 1 or self._refused is not None or self.deferred)

    @property
    def leader(self) -> Slot | None:
        """The step at the head of the longest chain; None where it would leave more tokens lying."""
        first = max(self._slots.values(), key=lambda slot: slot.weight, default=None)
        return first if first is not None and first.fifo is not None and first.hungry else None

    def age(self, slot: Slot) -> float:
        """Seconds since it was taken."""
        return self.clock() - slot.since

    # ------------------------------------------------------------ slots

    def take(self, weight: float = 0.0) -> Slot | None:
        """A slot with its token, or None: then again when a slot was released, or a FIFO has something.

        Args:
            weight: Of `Slot`.
        """
        if len(self._slots) >= self.jobs:
            self._refused = None
            return None
        if self.free <= 0:
            self._collect()
        if self.free <= 0:
            now = self.clock()
            if self._refused is None:
                self._refused = now
            if now - self._refused < PATIENCE:
                return None
        self._refused = None
        self.free -= 1
        number = next(n for n in itertools.count() if n not in self._slots)
        slot = Slot(number=number, share=self._share(weight), weight=weight, since=self.clock())
        if self.directory is not None:
            slot.fifo = self.directory / str(next(self._names))
            self.directory.mkdir(exist_ok=True)
            os.mkfifo(slot.fifo)
            slot.fifo.chmod(0o666)  # inside, a subordinate id opens it; no umask may forbid that
            slot.descriptor = os.open(slot.fifo, os.O_RDWR | os.O_NONBLOCK)
        self._slots[number] = slot
        return slot

    def release(self, slot: Slot) -> None:
        """Take a slot back, with all that its step was given; a second time is no error."""
        if not slot.held:
            return
        slot.held = False
        del self._slots[slot.number]
        self.free += 1 + slot.given
        slot.given = 0
        if slot.fifo is not None:
            os.close(slot.descriptor)
            slot.fifo.unlink(missing_ok=True)

    def _share(self, weight: float) -> int:
        """All the jobs for what everything else waits for, however crowded it is; else a part."""
        others = [slot.weight for slot in self._slots.values()]
        if weight > max(others, default=-1.0):
            return self.jobs
        return -(-self.jobs // (len(others) + 1))

    # ------------------------------------------------------------ tokens

    def look_around(self) -> None:
        """Take out of the FIFOs what lies in them, and remember whose was empty."""
        for slot in self._slots.values():
            if slot.given:
                slot.hungry = not self._read(slot)

    def _collect(self) -> None:
        for slot in self._slots.values():
            if slot.given:
                self._read(slot)

    def deal(self) -> None:
        """Put what is spare into FIFOs: of those that used all they had, the longest chain first.

        Where there is none, everyone is offered some in turn.
        """
        able = [slot for slot in self._slots.values() if slot.fifo is not None]
        takers = sorted((s for s in able if s.hungry), key=lambda s: -s.weight) or able
        while self.free > 0 and takers:
            for slot in takers[: self.free]:
                if not self._write(slot):
                    takers.remove(slot)
        if takers is able and able:  # the next time another one is the first
            first = able[0]
            self._slots[first.number] = self._slots.pop(first.number)

    def _read(self, slot: Slot) -> int:
        """How many came out: never more than were put in, whatever the step has written."""
        got = 0
        with contextlib.suppress(BlockingIOError):
            got = len(os.read(slot.descriptor, slot.given))
        slot.given -= got
        self.free += got
        return got

    def _write(self, slot: Slot) -> bool:
        try:
            os.write(slot.descriptor, _TOKEN)
        except BlockingIOError:  # its step has filled it
            return False
        slot.given += 1
        self.free -= 1
        return True
