"""What the scheduler runs (schedule.py): a generator, what it may yield, and what it is resumed with.

A task yields

* a sequence of tasks: it is resumed when all of them have ended;
* `SLOT`: it is resumed holding one of the run's slots (a `tokens.Slot`, sent in).

It ends by returning its result or raising. A failure reaches those that wait for it as
`TaskFailed`. Where tasks would, in the end, wait for themselves, one of them is resumed with
`CycleFound` instead.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final, Generic, TypeVar, cast

from attrs import define, field, frozen

T = TypeVar("T")


class SlotWanted:
    """The type of `SLOT`."""


SLOT: Final = SlotWanted()

Steps = Generator["Sequence[Task[Any]] | SlotWanted", Any, T]


class CycleFound(Exception):  # not for users: build/builder.py turns it into BuildCycle
    """Waiting for a task has closed a circle.

    Args:
        circle: Its tasks: the one that is told, then each that the one before it waits for; the
            last waits for the first.
    """

    def __init__(self, circle: Sequence[Task[Any]]) -> None:
        self.circle = tuple(circle)
        self.asked = self.circle[1 % len(self.circle)]
        """The task that may not be waited for."""
        self.chain = tuple(t.title for t in (*self.circle, self.circle[0]))
        """The tasks' titles, from the one that is told back to it."""
        super().__init__(" → ".join(self.chain))


class NoSlots(Exception):
    """A task asked for a slot after `Scheduler.withhold`: it would have run a container."""


@frozen(kw_only=True)
class Expected:
    """What a task will cost: a guess, or what it cost the last time. A wrong one costs time, nothing else."""

    seconds: float = 0.0
    memory: int = 0
    """Bytes; 0: nobody knows."""


FIRST: Final = Expected(seconds=1e6)
"""Of what all the rest waits for."""


class TaskFailed(Exception):
    """Something that a task waited for has failed.

    Args:
        failed: Those tasks.
    """

    def __init__(self, failed: Sequence[Task[Any]]) -> None:
        super().__init__(", ".join(t.title for t in failed))
        self.failed = tuple(failed)


@define(eq=False)
class Task(Generic[T]):
    """One unit of work, named by its key; made by `Scheduler.task`."""

    key: str
    title: str
    """For messages: ``build numpy 2.1``."""
    steps: Steps[T]
    number: int
    ended: bool = False
    result: T | None = None
    error: BaseException | None = None
    waits_for: tuple[Task[Any], ...] = ()
    missing: int = 0
    """How many of those have not ended."""
    waiters: list[Task[Any]] = field(factory=list)
    message: Any = None
    """What the generator is resumed with: a slot, an exception, or nothing."""
    about: Any = None
    """What it is about, for whoever is told of a circle."""
    expected: Expected = field(factory=Expected)
    behind: float = 0.0
    """Seconds of the longest chain of tasks that wait for it."""
    queued: float | None = None
    """Its place among those that want a slot, if it does: the `chain` as it was when it was put there."""

    @property
    def chain(self) -> float:
        """Seconds until the last of those that wait for it has ended, if nothing but they ran."""
        return self.expected.seconds + self.behind

    def value(self) -> T:
        """Its result; raises what it raised."""
        assert self.ended, self.title
        if self.error is not None:
            raise self.error
        return cast("T", self.result)
