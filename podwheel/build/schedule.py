"""Runs tasks that wait for each other (task.py), as many at once as there are slots.

A slot is the right to run a container, and one job in it; who was given one gives it back with
`Scheduler.release`. A thread moves the tokens for further jobs (tokens.py).

The task with the longest chain of others behind it goes first. One failed step stops only what
depends on it.
"""

from __future__ import annotations

import heapq
import itertools
import math
import select
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from podwheel.build.circles import closing
from podwheel.build.task import (
    CycleFound,
    Expected,
    NoSlots,
    SlotWanted,
    Steps,
    Task,
    TaskFailed,
)
from podwheel.build.tokens import Slot, Tokens

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def _who_asked(circle: Sequence[Task[Any]]) -> int:  # noqa: ARG001 - a `Told`
    return 0


_MOMENT: Final = 250
"""Milliseconds after which the broker looks whether tokens lie where nobody uses them."""

_LONG: Final = 10.0
"""Seconds of a step that others may wait for: the moment until it is known whether it uses all tokens
is little of that."""

_FAR: Final = 64
"""How far down a chain it is told that it has grown: walked to its end each time, it would cost the
square of its length."""

Told = Callable[[Sequence[Task[Any]]], int]
"""Which task of a circle is told of it: gets the tasks, the one that closed it first, each before
the one that it waits for; returns a place among them. Called with the scheduler's lock held."""


class Scheduler:
    """A pool of threads that resumes whatever task can go on.

    Args:
        slots: How many tasks may hold a slot at once, and how many jobs run in all their containers.
        fifos: A directory for the jobservers of steps; None: there are none.
        helpers: Threads beside those, for downloads and resolutions.
        told: Which task of a circle is told; the one that closed it.
        memory: Bytes that the tasks with a slot may be expected to need together.
    """

    def __init__(
        self,
        *,
        slots: int,
        fifos: Path | None = None,
        helpers: int = 8,
        told: Told = _who_asked,
        memory: float = math.inf,
    ) -> None:
        self._told = told
        self._changed = threading.Condition()
        self._tasks: dict[str, Task[Any]] = {}
        self._numbers = itertools.count()
        self._ready: list[tuple[float, int, Task[Any]]] = []
        self._want_slots: list[tuple[float, int, Task[Any]]] = []
        """A heap; a task whose chain grew while it waited is in it more than once (`Task.queued`)."""
        self._tokens = Tokens(jobs=slots, directory=fifos)
        self._running: dict[int, Expected] = {}
        """By the slot's number: what it is used for."""
        self._memory = memory
        self._jobs = slots
        self._left = 0.0
        """Seconds that all tasks which have not ended are expected to take."""
        self._withheld = False
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"podwheel-{n}", daemon=True)
            for n in range(slots + helpers)
        ]
        if fifos is not None:
            broker = threading.Thread(target=self._broke, name="podwheel-tokens", daemon=True)
            self._threads.append(broker)
        self._started = False

    # ------------------------------------------------------------ for callers

    def task(
        self,
        key: str,
        title: str,
        steps: Callable[[], Steps[T]],
        *,
        about: Any = None,
        expected: Expected | None = None,
    ) -> Task[T]:
        """The task of that key; made, and ready to run, if there was none."""
        with self._changed:
            known = self._tasks.get(key)
            if known is None:
                known = Task(
                    key=key,
                    title=title,
                    steps=steps(),
                    number=next(self._numbers),
                    about=about,
                    expected=expected or Expected(),
                )
                self._tasks[key] = known
                self._left += known.expected.seconds
                self._wake(known, None)
            return known

    def expect(self, key: str, expected: Expected) -> None:
        """Say better what the task of that key will cost, before it waits for anything."""
        with self._changed:
            task = self._tasks[key]
            self._left += expected.seconds - task.expected.seconds
            task.expected = expected

    def wait(self, task: Task[Any]) -> None:
        """Wait, in a thread that is not the scheduler's, until *task* has ended, well or not."""
        with self._changed:
            if not self._started:
                self._started = True
                for thread in self._threads:
                    thread.start()
            while not task.ended:
                # A timeout keeps the main thread able to take Ctrl-C.
                self._changed.wait(0.2)

    @property
    def withheld(self) -> bool:
        """Whether no task will get a slot any more."""
        return self._withheld

    def withhold(self) -> None:
        """From now on a task that asks for a slot is resumed with `NoSlots`: for ``podwheel plan``."""
        with self._changed:
            self._withheld = True

    def release(self, slot: Slot) -> None:
        """Give a slot back; a second time is no error."""
        with self._changed:
            if slot.held:
                self._tokens.release(slot)
                del self._running[slot.number]
                self._hand_out_slots()

    def stop(self) -> None:
        """Start nothing more. Tasks that run are ended by ending their containers."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout: float) -> None:
        """Wait up to *timeout* seconds in all for the threads to end; after `stop`."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            for slot in self._tokens.held:
                self._tokens.release(slot)

    # ------------------------------------------------------------ the threads

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ready and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                task = heapq.heappop(self._ready)[-1]
            self._resume(task)

    def _broke(self) -> None:
        """Move tokens between the steps, as long as that may serve somebody."""
        while True:
            with self._changed:
                while not (self._stopped or self._tokens.restless):
                    self._changed.wait()
                if self._stopped:
                    return
                poll = select.poll()
                for descriptor in self._tokens.awaited:
                    poll.register(descriptor, select.POLLIN)
            poll.poll(_MOMENT)
            with self._changed:
                if not self._stopped:
                    self._tokens.look_around()
                    self._hand_out_slots()

    def _resume(self, task: Task[Any]) -> None:
        message, task.message = task.message, None
        try:
            if isinstance(message, BaseException):
                asked = task.steps.throw(message)
            else:
                asked = task.steps.send(message)
        except StopIteration as stop:
            self._end(task, result=stop.value)
        except BaseException as error:  # noqa: BLE001 - kept, and raised again by value()
            self._end(task, error=error)
        else:
            with self._changed:
                if isinstance(asked, SlotWanted) and self._withheld:
                    self._wake(task, NoSlots(task.title))
                elif isinstance(asked, SlotWanted):
                    self._queue(task)
                    self._hand_out_slots()
                    self._changed.notify_all()  # the broker may have to bring it one
                else:
                    self._wait_for(task, tuple(dict.fromkeys(asked)))

    def _end(
        self, task: Task[Any], *, result: Any = None, error: BaseException | None = None
    ) -> None:
        with self._changed:
            task.result, task.error, task.ended = result, error, True
            self._left -= task.expected.seconds
            for waiter in task.waiters:
                waiter.missing -= 1
                if not waiter.missing:
                    self._go_on(waiter)
            task.waiters.clear()
            self._changed.notify_all()

    # ------------------------------------------------------------ called with the lock held

    def _wait_for(self, task: Task[Any], others: tuple[Task[Any], ...]) -> None:
        while (path := closing(others, task)) is not None:
            if self._tell([task, *path[:-1]]) is task:
                return
        task.waits_for = others
        waited_for = [other for other in others if not other.ended]
        for other in waited_for:
            other.waiters.append(task)
        task.missing = len(waited_for)
        if waited_for:
            self._lengthen(task)
        else:
            self._go_on(task)

    def _tell(self, circle: Sequence[Task[Any]]) -> Task[Any]:
        """Open a circle: resume one of its tasks, which is returned, with `CycleFound`."""
        place = self._told(circle)
        told = circle[place]
        for other in told.waits_for:  # an end of theirs must not resume it a second time
            if told in other.waiters:
                other.waiters.remove(told)
        self._wake(told, CycleFound([*circle[place:], *circle[:place]]))
        return told

    def _go_on(self, task: Task[Any]) -> None:
        """Everything that *task* waited for has ended."""
        failed = [t for t in task.waits_for if t.error is not None]
        self._wake(task, TaskFailed(failed) if failed else None)

    def _wake(self, task: Task[Any], message: Any) -> None:
        task.waits_for = ()
        task.message = message
        urgency = math.inf if isinstance(message, Slot) else task.chain  # a slot must not lie idle
        heapq.heappush(self._ready, (-urgency, task.number, task))
        self._changed.notify_all()

    def _lengthen(self, task: Task[Any]) -> None:
        """Tell those that *task* waits for, and what they wait for, that it comes behind them."""
        level = [task]
        for _ in range(_FAR):
            below = []
            for one in level:
                for other in one.waits_for:
                    if not other.ended and other.behind < one.chain:
                        other.behind = one.chain
                        below.append(other)
                        if other.queued is not None:
                            self._queue(other)
            level = below
            if not level:
                return

    def _queue(self, task: Task[Any]) -> None:
        task.queued = task.chain
        heapq.heappush(self._want_slots, (-task.queued, task.number, task))

    def _hand_out_slots(self) -> None:
        kept = []
        self._tokens.deferred = False
        while self._want_slots:
            entry = heapq.heappop(self._want_slots)
            key, _, task = entry
            if task.queued != -key:  # it has its slot, or another place in the queue
                continue
            if self._comes_later(task):
                self._tokens.deferred = True
                kept.append(entry)
                break
            slot = self._tokens.take(task.chain) if self._fits(task) else None
            if slot is not None:
                task.queued = None
                self._running[slot.number] = task.expected
                self._wake(task, slot)
                continue
            kept.append(entry)
            if self._fits(task):
                break
        for entry in kept:
            heapq.heappush(self._want_slots, entry)
        self._tokens.deal()

    def _comes_later(self, task: Task[Any]) -> bool:
        """Whether the longest chain should have the tokens first, and this task what that leaves.

        What comes behind its head mostly uses one of the cores: there is time for the rest then,
        which would only make the chain longer now. Guesses are low more often than not, and what
        does not fit has all cores afterwards: so twice as much may wait as seems to fit. Nobody waits
        longer than twice what the head was to take: it may be one that takes all and does nothing.
        """
        leader = self._tokens.leader
        if leader is None or task.chain >= leader.weight:
            return False
        head = self._running[leader.number].seconds
        if head < _LONG or self._tokens.age(leader) > 2 * head:
            return False
        tail = leader.weight - head
        rest = self._left - leader.weight
        return task.chain <= tail and rest <= 2 * tail * (self._jobs - 1)

    def _fits(self, task: Task[Any]) -> bool:
        """Whether there is memory for it beside what runs; alone, it may try."""
        used = sum(one.memory for one in self._running.values())
        return not self._running or used + task.expected.memory <= self._memory
