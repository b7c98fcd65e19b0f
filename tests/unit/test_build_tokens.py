"""The broker: no token is lost, none is made, whatever a step does to its FIFO."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.build.schedule import Scheduler
from podwheel.build.task import SLOT, Expected
from podwheel.build.tokens import PATIENCE, Slot, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.build.task import Steps, Task


class Clock:
    """A time that passes when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Iterator[Tokens]:
    made = Tokens(jobs=4, directory=tmp_path / "jobs", clock=clock)
    yield made
    for slot in made.held:
        made.release(slot)
    assert made.free == 4
    assert list((tmp_path / "jobs").iterdir()) == []


def taken(tokens: Tokens, weight: float = 0.0) -> Slot:
    slot = tokens.take(weight)
    assert slot is not None
    return slot


def step_takes(slot: Slot, most: int = 100) -> int:
    """As make in the container does."""
    assert slot.fifo is not None
    inside = os.open(slot.fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        return len(os.read(inside, most))
    except BlockingIOError:
        return 0
    finally:
        os.close(inside)


def step_puts(slot: Slot, count: int) -> None:
    assert slot.fifo is not None
    inside = os.open(slot.fifo, os.O_RDWR | os.O_NONBLOCK)
    os.write(inside, b"+" * count)
    os.close(inside)


def total(tokens: Tokens) -> int:
    return tokens.free + sum(1 + slot.given for slot in tokens.held)


def test_spare_tokens_lie_in_the_fifo_of_who_runs(tokens: Tokens) -> None:
    slot = taken(tokens)
    tokens.deal()
    assert slot.fifo is not None
    assert stat.S_ISFIFO(slot.fifo.stat().st_mode)
    assert stat.S_IMODE(slot.fifo.stat().st_mode) == 0o666  # a subordinate id opens it
    assert (tokens.free, step_takes(slot)) == (0, 3)
    step_puts(slot, 3)
    assert total(tokens) == 4


def test_they_are_taken_back_when_another_step_is_ready(tokens: Tokens) -> None:
    first = taken(tokens)
    tokens.deal()
    second = taken(tokens)
    tokens.deal()
    assert (first.number, second.number) == (0, 1)
    assert step_takes(first) + step_takes(second) == 2
    assert total(tokens) == 4


def test_what_is_used_is_waited_for(tokens: Tokens, clock: Clock) -> None:
    first = taken(tokens)
    tokens.deal()
    assert step_takes(first) == 3
    assert tokens.awaited == ()
    assert tokens.take() is None
    assert len(tokens.awaited) == 1
    step_puts(first, 1)
    clock.now += PATIENCE - 1
    taken(tokens)
    assert tokens.take() is None
    assert total(tokens) == 4


def test_a_step_that_keeps_all_does_not_stop_the_others_for_ever(
    tokens: Tokens, clock: Clock
) -> None:
    first = taken(tokens)
    tokens.deal()
    step_takes(first)
    assert tokens.take() is None
    clock.now += PATIENCE
    second = taken(tokens)
    assert tokens.free == -1
    assert tokens.take() is None  # not two in a moment
    tokens.release(second)
    assert tokens.take() is None  # its debt is paid first
    tokens.release(first)
    assert tokens.free == 4


def test_forged_tokens_are_never_counted(tokens: Tokens) -> None:
    first = taken(tokens)
    tokens.deal()
    step_puts(first, 500)
    second = taken(tokens)
    for _ in range(5):
        tokens.look_around()
        tokens.deal()
        assert total(tokens) == 4
    assert tokens.free >= 0
    step_puts(second, step_takes(second))
    assert [taken(tokens).number for _ in range(2)] == [2, 3]
    assert tokens.take() is None


def test_a_fifo_that_its_step_has_filled_blocks_nobody(tokens: Tokens) -> None:
    first = taken(tokens)
    assert first.fifo is not None
    inside = os.open(first.fifo, os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while os.write(inside, b"x" * 4096):
            pass
    os.close(inside)
    tokens.deal()
    assert (first.given, tokens.free) == (0, 3)
    second = taken(tokens)
    tokens.deal()
    assert step_takes(second) == 2


def test_the_end_of_a_step_frees_all_that_it_had(tokens: Tokens) -> None:
    first = taken(tokens)
    tokens.deal()
    step_takes(first)
    fifo = first.fifo
    tokens.release(first)
    tokens.release(first)
    assert tokens.free == 4
    second = taken(tokens)
    assert second.fifo != fifo  # what the first has left in its FIFO is nobody's


def test_what_lies_unused_is_offered_to_another(tokens: Tokens) -> None:
    idle, busy = taken(tokens, 9.0), taken(tokens, 1.0)
    tokens.deal()
    seen = step_takes(busy)
    for _ in range(3):
        tokens.look_around()
        tokens.deal()
        seen += step_takes(busy)
    assert seen == 2  # all that is spare, though the other has the longer chain
    assert idle.given == 0


def test_among_those_who_use_theirs_the_longest_chain_is_served_first(tokens: Tokens) -> None:
    short, long = taken(tokens, 1.0), taken(tokens, 9.0)
    third = taken(tokens)
    tokens.deal()
    assert (short.given, long.given, third.given) == (0, 1, 0)


def test_what_all_wait_for_is_told_to_use_every_core(tokens: Tokens) -> None:
    """Of the tools that know nothing of tokens."""
    alone, longest = taken(tokens, 5.0), taken(tokens, 9.0)
    assert [alone.share, longest.share] == [4, 4]
    assert [taken(tokens, 1.0).share, taken(tokens, 1.0).share] == [2, 1]
    assert tokens.take() is None


def test_without_fifos_a_slot_is_a_token(clock: Clock) -> None:
    made = Tokens(jobs=2, clock=clock)
    slots = [made.take(), made.take()]
    made.deal()
    assert all(slot is not None and slot.fifo is None for slot in slots)
    clock.now += 2 * PATIENCE
    assert made.take() is None


def test_the_schedulers_broker_brings_back_what_a_step_returns(tmp_path: Path) -> None:
    """Its thread: one task's step has all the tokens, and another task wants a slot."""
    made = Scheduler(slots=2, fifos=tmp_path / "jobs", helpers=1)
    has_all, wanted = threading.Event(), threading.Event()

    def greedy() -> Steps[int]:
        slot = yield SLOT
        count = 0
        while not count:
            yield (made.task(f"look {len(looked)}", "look", look),)
            count = step_takes(slot)
        has_all.set()
        wanted.wait(5)
        step_puts(slot, count)
        second: Any = made.task("second", "second", other)
        yield (second,)
        made.release(slot)
        return count

    looked: list[None] = []

    def look() -> Steps[None]:
        looked.append(None)
        yield ()

    def other() -> Steps[bool]:
        wanted.set()
        slot = yield SLOT
        made.release(slot)
        return True

    first = made.task("first", "first", greedy)
    second = made.task("second", "second", lambda: after(has_all, other))
    made.wait(first)
    made.wait(second)
    assert (first.value(), second.value()) == (1, True)
    made.stop()
    made.join(5)
    assert list((tmp_path / "jobs").iterdir()) == []


def after(event: threading.Event, steps: Any) -> Steps[bool]:
    event.wait(5)
    return (yield from steps())


def scheduled(place: Path, *, head: float, others: tuple[float, ...]) -> tuple[Scheduler, Slot]:
    """A scheduler without threads: on two cores a step runs that a tail of 20 s waits for, *others* are ready."""
    made = Scheduler(slots=2, fifos=place / "jobs")

    def wants_slot() -> Steps[None]:
        yield SLOT

    def waits(task: Task[Any]) -> Steps[None]:
        yield (task,)

    first = made.task("head", "head", wants_slot, expected=Expected(seconds=head))
    tail = made.task("tail", "tail", lambda: waits(first), expected=Expected(seconds=20.0))
    ready = [
        made.task(str(n), str(n), wants_slot, expected=Expected(seconds=seconds))
        for n, seconds in enumerate(others)
    ]
    for task in (tail, first, *ready):
        made._resume(task)
    assert isinstance(first.message, Slot)
    return made, first.message


def look_around(made: Scheduler) -> None:
    """As the broker's thread does."""
    with made._changed:
        made._tokens.look_around()
        made._hand_out_slots()


def running(made: Scheduler) -> int:
    return len(made._tokens.held)


def test_the_longest_chain_has_the_cores_while_the_rest_fits_beside_its_tail(
    tmp_path: Path,
) -> None:
    made, slot = scheduled(tmp_path, head=30.0, others=(19.0, 20.0))
    assert (running(made), step_takes(slot)) == (1, 1)
    for _ in range(3):  # it goes on to use all it has
        assert made._tokens.restless
        look_around(made)
        assert running(made) == 1
    made.release(slot)
    assert running(made) == 2
    made.join(0)


def test_nobody_waits_for_long_behind_one_that_keeps_all(tmp_path: Path, clock: Clock) -> None:
    made, slot = scheduled(tmp_path, head=30.0, others=(1.0,))
    made._tokens.clock = clock
    clock.now = slot.since + 59.0
    assert step_takes(slot) == 1
    look_around(made)
    assert running(made) == 1
    clock.now += 2.0
    look_around(made)  # from now on it waits for a token, as ever
    assert not made._tokens.deferred
    clock.now += PATIENCE
    look_around(made)
    assert running(made) == 2
    made.join(0)


def test_what_the_longest_chain_leaves_lying_is_the_others(tmp_path: Path) -> None:
    made, _ = scheduled(tmp_path, head=30.0, others=(20.0,))
    look_around(made)
    assert (running(made), made._tokens.deferred) == (2, False)
    made.join(0)


@pytest.mark.parametrize(
    ("head", "others"),
    [(30.0, (21.0,)), (30.0, (20.0, 19.0, 2.0)), (5.0, (1.0,)), (1.0, (40.0,))],
    ids=["longer than the tail", "more than the tail", "a short head", "a longer chain"],
)
def test_else_what_is_ready_starts(tmp_path: Path, head: float, others: tuple[float, ...]) -> None:
    made, _ = scheduled(tmp_path, head=head, others=others)
    assert running(made) == 2
    made.join(0)
