"""Circles among tasks that wait for each other (schedule.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from podwheel.build.task import Task


def closing(others: Sequence[Task[Any]], task: Task[Any]) -> list[Task[Any]] | None:
    """How one of *others* comes to wait for *task*; None, as nearly always, if none does."""
    if not meet(others, task):
        return None
    paths = (path(other, task) for other in others)
    return next((found for found in paths if found is not None), None)


def meet(others: Sequence[Task[Any]], task: Task[Any]) -> bool:
    """Whether one of *others* waits, in the end, for *task*.

    Looked for from both ends in turn, and over when one comes to its own end. What grows from
    its top has nothing below, what grows from its leaves nothing above: walked from one end
    only, one of the two would cost the square of its length.
    """
    below, above = set(map(id, others)), {id(task)}
    if below & above:
        return True
    down = _reached(others, below, lambda t: t.waits_for)
    up = _reached([task], above, lambda t: t.waiters)
    return any(id(a) in above or id(b) in below for a, b in zip(down, up, strict=False))


def _reached(
    starts: Sequence[Task[Any]],
    seen: set[int],
    following: Callable[[Task[Any]], Sequence[Task[Any]]],
) -> Iterator[Task[Any]]:
    """Tasks that have not ended, each once, as they are found; *seen* grows with them."""
    queue = list(starts)
    for task in queue:  # grows while it is walked
        for other in following(task):
            if not other.ended and id(other) not in seen:
                seen.add(id(other))
                queue.append(other)
                yield other


def path(start: Task[Any], goal: Task[Any]) -> list[Task[Any]] | None:
    """How *start* comes to wait for *goal*, or None. Each task is looked at once."""
    came_from: dict[int, Task[Any] | None] = {id(start): None}
    stack = [start]
    while stack:
        task = stack.pop()
        if task is goal:
            path, step = [], cast("Task[Any] | None", task)
            while step is not None:
                path.append(step)
                step = came_from[id(step)]
            return path[::-1]
        for other in task.waits_for:
            if id(other) not in came_from and not other.ended:
                came_from[id(other)] = task
                stack.append(other)
    return None
