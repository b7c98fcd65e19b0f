"""The benchmark's arithmetic; pure functions of numbers and of a run's record."""

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def median(values: Iterable[float]) -> float | None:
    """None of nothing."""
    values = list(values)
    return statistics.median(values) if values else None


def ratio(value: float | None, base: float | None) -> float | None:
    """*value* in units of *base*; None where one of them was not measured."""
    return value / base if value is not None and base else None


def paired(values: Sequence[float], bases: Sequence[float]) -> float | None:
    """The median of the ratios round by round: what slowed a whole round down cancels out."""
    return median(v / b for v, b in zip(values, bases, strict=False) if b)


def floor(cpu: float, chain: float, cores: int) -> float:
    """The least time in which that much work can be done: all cores busy, or the longest chain."""
    return max(cpu / cores, chain)


def longest_chain(record: Mapping[str, Any]) -> float:
    """Seconds of the longest chain of steps of a run's record (podwheel.json).

    A step waits for those that made wheels of its build environment. It counts with its time or its
    CPU time, whichever is less: a step of one thread that had to share its core would else make
    the chain, and so the floor, longer than it is.
    """
    built = [s for s in record["steps"] if s["outcome"] == "built" and s["started"]]
    makers = {s["wheel"]: s for s in built}
    environments = {e["id"]: [w[2] for w in e["wheels"]] for e in record["environments"]}
    known: dict[str, float] = {}

    def until(step: Mapping[str, Any]) -> float:
        if step["id"] not in known:
            known[step["id"]] = 0.0  # a circle was opened with a wheel from elsewhere
            wheels = environments.get(step["environment"], [])
            before = [until(makers[w]) for w in wheels if w in makers]
            known[step["id"]] = max(before, default=0.0) + _alone(step)
        return known[step["id"]]

    return max(map(until, built), default=0.0)


def _alone(step: Mapping[str, Any]) -> float:
    started, ended = (dt.datetime.fromisoformat(step[key]) for key in ("started", "ended"))
    seconds = (ended - started).total_seconds()
    cpu = step["cpu_seconds"]
    return seconds if cpu is None else min(seconds, cpu)


def concurrency(record: Mapping[str, Any]) -> float | None:
    """How many steps ran at once, on average, while one ran."""
    spans = [
        tuple(dt.datetime.fromisoformat(s[key]).timestamp() for key in ("started", "ended"))
        for s in record["steps"]
        if s["outcome"] == "built" and s["started"]
    ]
    covered, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return ratio(sum(end - start for start, end in spans), covered)


def growth(sizes: Sequence[int], values: Sequence[float]) -> float | None:
    """The power with which *values* grow with *sizes*: 1 is linear.

    Least squares over the logarithms.
    """
    import math

    points = [(math.log(s), math.log(v)) for s, v in zip(sizes, values, strict=True) if s and v > 0]
    if len(points) < 2:
        return None
    return statistics.linear_regression(*zip(*points, strict=True)).slope
