"""The scheduler: what waits, what runs at once, what a failure or a circle does."""

from __future__ import annotations

import itertools
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.build.circles import meet, path
from podwheel.build.schedule import Scheduler
from podwheel.build.task import SLOT, CycleFound, Expected, NoSlots, Task, TaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from podwheel.build.task import Steps


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(slots=2, helpers=2)
    yield made
    made.stop()
    made.join(5)


def run(scheduler: Scheduler, task: Task[Any]) -> Any:
    scheduler.wait(task)
    return task.value()


def constant(value: Any) -> Callable[[], Steps[Any]]:
    def steps() -> Steps[Any]:
        yield ()
        return value

    return steps


def test_a_task_ends_with_what_it_returns(scheduler: Scheduler) -> None:
    assert run(scheduler, scheduler.task("a", "a", constant(7))) == 7


def test_a_key_names_one_task(scheduler: Scheduler) -> None:
    first = scheduler.task("a", "a", constant(1))
    assert scheduler.task("a", "a", constant(2)) is first
    assert run(scheduler, first) == 1


def test_a_task_sees_the_results_of_those_that_it_waited_for(scheduler: Scheduler) -> None:
    def both() -> Steps[int]:
        one, two = scheduler.task("1", "1", constant(1)), scheduler.task("2", "2", constant(2))
        yield (one, two, one)  # naming one twice must not resume the task twice
        return one.value() + two.value()

    assert run(scheduler, scheduler.task("both", "both", both)) == 3


def test_a_failure_reaches_those_that_wait_and_nobody_else(scheduler: Scheduler) -> None:
    def failing() -> Steps[None]:
        yield ()
        raise ValueError("broken")

    broken = scheduler.task("broken", "broken", failing)

    def needing() -> Steps[None]:
        yield (broken,)

    needs = scheduler.task("needs", "needs", needing)
    other = scheduler.task("other", "other", constant("fine"))
    scheduler.wait(needs)
    assert isinstance(needs.error, TaskFailed)
    assert needs.error.failed == (broken,)
    assert run(scheduler, other) == "fine"
    with pytest.raises(ValueError, match="broken"):
        broken.value()


def test_a_failure_can_be_survived(scheduler: Scheduler) -> None:
    def failing() -> Steps[None]:
        yield ()
        raise ValueError

    def brave() -> Steps[str]:
        try:
            yield (scheduler.task("f", "f", failing),)
        except TaskFailed:
            return "went on"
        return "did not see it"

    assert run(scheduler, scheduler.task("brave", "brave", brave)) == "went on"


def test_a_circle_is_told_to_the_task_that_would_close_it(scheduler: Scheduler) -> None:
    def needing(other: str, after: threading.Event) -> Callable[[], Steps[str]]:
        def steps() -> Steps[str]:
            after.wait(5)
            try:
                yield (tasks[other],)
            except CycleFound as cycle:
                asked.append(cycle.asked)
                return " → ".join(cycle.chain)
            return "waited"

        return steps

    go = threading.Event()
    tasks: dict[str, Task[str]] = {}
    asked: list[Task[Any]] = []
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        tasks[name] = scheduler.task(name, name, needing(other, go))
    go.set()
    results = {name: run(scheduler, task) for name, task in tasks.items()}
    told = [said for said in results.values() if said != "waited"]
    assert asked[0] in tasks.values()
    assert told in (["a → b → c → a"], ["b → c → a → b"], ["c → a → b → c"])


def test_another_task_of_the_circle_can_be_told() -> None:
    """And whoever closed it then waits like any other."""
    go = threading.Event()
    tasks: dict[str, Task[str]] = {}
    circles: list[str] = []

    def needing(name: str, other: str) -> Callable[[], Steps[str]]:
        def steps() -> Steps[str]:
            go.wait(5)
            try:
                yield (tasks[other], leaf)
            except CycleFound as cycle:
                circles.append(" → ".join(cycle.chain))
                yield (leaf,)
                return f"{name} alone"
            return f"{name} after {tasks[other].value()}"

        return steps

    def b(circle: Sequence[Task[Any]]) -> int:
        return [task.about for task in circle].index("b")

    made = Scheduler(slots=1, helpers=3, told=b)
    leaf = made.task("leaf", "leaf", constant(0))
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        tasks[name] = made.task(name, name, needing(name, other), about=name)
    go.set()
    assert run(made, tasks["a"]) == "a after b alone"
    assert run(made, tasks["c"]) == "c after a after b alone"
    assert circles == ["b → c → a → b"]
    made.stop()
    made.join(5)


def test_two_circles_that_one_task_closes_are_both_opened() -> None:
    tasks: dict[str, Task[str]] = {}

    def needing(*others: str) -> Callable[[], Steps[str]]:
        def steps() -> Steps[str]:
            try:
                yield tuple(tasks[other] for other in others)
            except CycleFound as cycle:
                return " → ".join(cycle.chain)
            return "waited"

        return steps

    # One thread: they come to wait in the order in which they were made, and a is the last.
    made = Scheduler(slots=1, helpers=0, told=lambda circle: len(circle) - 1)
    for name, others in (("c", "a"), ("d", "a"), ("b", "cd"), ("a", "b")):
        tasks[name] = made.task(name, name, needing(*others))
    assert {name: run(made, task) for name, task in tasks.items()} == {
        "a": "waited",
        "b": "waited",
        "c": "c → a → b → c",
        "d": "d → a → b → d",
    }
    made.stop()
    made.join(5)


def test_a_task_that_waits_for_itself_is_a_circle(scheduler: Scheduler) -> None:
    tasks: list[Task[str]] = []
    made = threading.Event()

    def steps() -> Steps[str]:
        made.wait(5)
        with pytest.raises(CycleFound):
            yield (tasks[0],)
        return "told"

    tasks.append(scheduler.task("self", "self", steps))
    made.set()
    assert run(scheduler, tasks[0]) == "told"


def test_no_more_than_the_slots_are_held_and_each_is_another(scheduler: Scheduler) -> None:
    held: set[int] = set()
    most = 0
    lock = threading.Lock()

    def steps() -> Steps[int]:
        nonlocal most
        slot = yield SLOT
        with lock:
            assert slot.number not in held
            held.add(slot.number)
            most = max(most, len(held))
        yield ()  # others get a chance
        with lock:
            held.remove(slot.number)
        scheduler.release(slot)
        return slot.number

    tasks = [scheduler.task(str(n), str(n), steps) for n in range(40)]
    assert {run(scheduler, task) for task in tasks} <= {0, 1}
    assert 1 <= most <= 2


def test_waiting_tasks_hold_no_thread(scheduler: Scheduler) -> None:
    gate = threading.Event()

    def opened() -> Steps[str]:
        gate.wait(5)
        yield ()
        return "open"

    first = scheduler.task("gate", "gate", opened)

    def waiting() -> Steps[str]:
        yield (first,)
        return first.value()

    # Many more than there are threads: they could not all wait if waiting held one.
    crowd = [scheduler.task(f"w{n}", "w", waiting) for n in range(100)]
    free = scheduler.task("free", "free", constant("ran"))
    assert run(scheduler, free) == "ran"
    gate.set()
    assert {run(scheduler, task) for task in crowd} == {"open"}


def test_what_the_longest_chain_begins_with_goes_first() -> None:
    """Not what takes longest by itself, and not what was asked for first."""
    made, order = Scheduler(slots=1, helpers=1), list[str]()
    has_slot, all_wait = threading.Event(), threading.Event()

    def holding() -> Steps[None]:
        slot = yield SLOT
        has_slot.set()
        all_wait.wait(5)
        made.release(slot)

    def opening() -> Steps[None]:
        all_wait.set()
        yield ()

    def wanting(name: str, seconds: float, *before: Task[Any]) -> Task[None]:
        def steps() -> Steps[None]:
            if before:
                yield before
            slot = yield SLOT
            order.append(name)
            made.release(slot)

        return made.task(name, name, steps, expected=Expected(seconds=seconds))

    made.task("holding", "holding", holding)
    run(made, made.task("start", "start", constant(0)))
    has_slot.wait(5)
    small = wanting("small", 0.1)
    alone = wanting("alone", 5)
    below = wanting("below", 1)
    top = wanting("top", 4, wanting("above", 1, below))
    made.task("opening", "opening", opening)  # one thread is left, and does this last
    for task in (alone, below, top, small):
        made.wait(task)
    made.stop()
    made.join(5)
    assert order[:2] == ["below", "alone"]
    assert order.index("above") < order.index("top")


def test_two_that_need_much_memory_do_not_run_together() -> None:
    made, running, seen = Scheduler(slots=3, helpers=1, memory=100), set[str](), list[set[str]]()
    memory = {"a": 60, "b": 60, "c": 20, "d": 500, "e": 60, "f": 10}
    lock = threading.Lock()

    def needing(name: str) -> Callable[[], Steps[None]]:
        def steps() -> Steps[None]:
            slot = yield SLOT
            with lock:
                running.add(name)
                seen.append(set(running))
            yield ()
            with lock:
                running.remove(name)
            made.release(slot)

        return steps

    tasks = [
        made.task(name, name, needing(name), expected=Expected(seconds=1, memory=needed))
        for name, needed in memory.items()
    ]
    for task in tasks:
        run(made, task)
    made.stop()
    made.join(5)
    assert all(len(some) == 1 or sum(memory[n] for n in some) <= 100 for some in seen)
    assert set().union(*seen) == set(memory)  # what needs more than there is may try alone


def test_withheld_slots_are_refused(scheduler: Scheduler) -> None:
    scheduler.withhold()

    def steps() -> Steps[None]:
        yield SLOT

    task = scheduler.task("s", "s", steps)
    scheduler.wait(task)
    assert isinstance(task.error, NoSlots)


def test_a_long_chain_ends(scheduler: Scheduler) -> None:
    def link(n: int) -> Callable[[], Steps[int]]:
        def steps() -> Steps[int]:
            if n == 0:
                yield ()
                return 0
            below = scheduler.task(str(n - 1), str(n - 1), link(n - 1))
            yield (below,)
            return below.value() + 1

        return steps

    assert run(scheduler, scheduler.task("500", "500", link(500))) == 500


def idle(number: int) -> Task[None]:
    return Task(key=str(number), title=str(number), steps=constant(None)(), number=number)


def let_wait(task: Task[Any], other: Task[Any]) -> None:
    task.waits_for = (*task.waits_for, other)
    other.waiters.append(task)


def test_a_circle_is_seen_however_the_tasks_are_tangled() -> None:
    chance = random.Random(7)
    for _ in range(300):
        tasks = [idle(n) for n in range(12)]
        for task, other in itertools.combinations(tasks, 2):  # an earlier one waits for a later
            if chance.random() < 0.15:
                let_wait(task, other)
        tasks[chance.randrange(12)].ended = True
        task, *others = chance.sample([t for t in tasks if not t.ended], 4)
        expected = any(path(other, task) is not None for other in others)
        assert meet(others, task) is expected


@pytest.mark.parametrize("upwards", [True, False])
def test_a_long_chain_is_not_walked_for_each_wait(upwards: bool) -> None:
    """However it grows: its length is walked once in all, and not once a task."""
    length = 400
    looked_at = 0

    class Watched(Task[None]):
        def __getattribute__(self, name: str) -> Any:
            nonlocal looked_at
            looked_at += name in ("waits_for", "waiters")
            return super().__getattribute__(name)

    tasks: list[Task[None]] = [
        Watched(key=str(n), title="", steps=constant(None)(), number=n) for n in range(length)
    ]
    pairs = list(itertools.pairwise(tasks))
    walked = 0
    for task, other in reversed(pairs) if upwards else pairs:
        before = looked_at
        assert not meet([other], task)
        walked += looked_at - before
        let_wait(task, other)
    assert walked < 4 * length
