"""What one line of the diagnosis says."""

from __future__ import annotations

import enum

from attrs import frozen


class State(enum.Enum):
    """How it is with one thing."""

    FINE = "ok"
    DEGRADED = "degraded"
    """Builds work; something is slower, impossible or not enforced."""
    MISSING = "missing"
    """Builds do not work, or not safely."""


@frozen(kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    """A few words, the same in every run: ``subordinate ids``."""
    state: State
    found: str
    """What is there."""
    means: str = ""
    """Unless fine: what is therefore not enforced, or not possible."""
    mend: tuple[str, ...] = ()
    """Commands as they are typed, in order; empty where only somebody's decision helps."""


@frozen(kw_only=True)
class Diagnosis:
    """All lines, and what they come to."""

    checks: tuple[Check, ...]
    advice: str = ""
    """One command that mends more than one line, where there is one."""

    def named(self, state: State) -> tuple[str, ...]:
        """The names of the checks in that state."""
        return tuple(check.name for check in self.checks if check.state is state)

    @property
    def ready(self) -> bool:
        """Whether everything that a build needs is there; degraded is there."""
        return not self.named(State.MISSING)


def fine(name: str, found: str) -> Check:
    return Check(name=name, state=State.FINE, found=found)


def degraded(name: str, found: str, means: str, *mend: str) -> Check:
    return Check(name=name, state=State.DEGRADED, found=found, means=means, mend=mend)


def missing(name: str, found: str, means: str, *mend: str) -> Check:
    return Check(name=name, state=State.MISSING, found=found, means=means, mend=mend)
