"""The findings of a log, each distinct one once, as they come in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from podwheel.syslibs.found import Finding, Weight
from podwheel.syslibs.lack import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.syslibs.lack import Missing

_MOST: Final = 64
"""Distinct findings of each weight that are kept: a log with more is not about the system."""
_MOST_TRIES: Final = 12
_NEAR: Final = 60
"""Statements between two tries for one thing: a traceback stands between them, with all its frames."""
_LAST_CHECKS: Final = 5
"""Answers of a configure script, before it gave up, that may be why."""

_Key = frozenset[tuple[Kind, str]]


@frozen(kw_only=True)
class Told:
    """A finding, and the line that said it."""

    finding: Finding
    said: str

    @property
    def key(self) -> _Key:
        return frozenset((m.kind, m.name) for m in self.finding.any_of)


class Collected:
    """Filled in the order of the log."""

    def __init__(self) -> None:
        self._told: dict[_Key, Told] = {}
        self._count = dict.fromkeys(Weight, 0)
        self._checks: deque[Told] = deque(maxlen=_LAST_CHECKS)
        self._modules: list[_Key] = []
        self._tries: tuple[_Key, int] | None = None

    def __iter__(self) -> Iterator[Told]:
        """All but what another says better: that it was one of several tries, or of which kind it is."""
        tried = [key for key, told in self._told.items() if told.finding.attempt and len(key) > 1]
        by_kind = {
            name.lower() for key in self._told for kind, name in key if kind is not Kind.NAME
        }
        for key, told in self._told.items():
            (kind, name), *others = key
            again = kind is Kind.NAME and name.lower() in by_kind
            if others or not (again or any(key < several for several in tried)):
                yield told

    def add(self, told: Told, at: int) -> None:
        """Take in what statement number *at* said."""
        finding = told.finding
        if finding.weight is Weight.RECALLED:
            self._checks.append(told)
            return
        key = told.key
        if all(kind is Kind.PKG_CONFIG for kind, _ in key):
            self._modules = [*self._modules[-_MOST:], key]
        if not finding.attempt:
            self._keep(told)
            return
        if self._tries and at - self._tries[1] <= _NEAR:
            key = self._join(self._tries[0], told)
        else:
            self._keep(told)
        self._tries = (key, at)

    def begin_modules(self) -> None:
        """CMake asks pkg-config for other modules now."""
        self._modules = []

    def require_modules(self) -> None:
        """CMake ended for one of the modules that it asked for, without saying which."""
        for key in self._modules:
            if told := self._told.get(key):
                self._told[key] = evolve(told, finding=evolve(told.finding, weight=Weight.STOP))

    def recall_checks(self) -> None:
        """A configure script gave up: its last answers may be why."""
        for told in self._checks:
            self._keep(evolve(told, finding=evolve(told.finding, weight=Weight.WORDS)))
        self._checks.clear()

    def _keep(self, told: Told) -> None:
        known = self._told.get(told.key)
        if known is not None:
            self._told[told.key] = _merged(known, told)
        elif self._count[told.finding.weight] < _MOST:
            self._count[told.finding.weight] += 1
            self._told[told.key] = told

    def _join(self, key: _Key, told: Told) -> _Key:
        """Another try for what *key* was a try for too; in its place."""
        before = self._told.get(key)
        if before is None or told.key <= key or len(key) >= _MOST_TRIES:
            return key
        any_of = (*before.finding.any_of, *told.finding.any_of)
        joined = evolve(before, finding=evolve(before.finding, any_of=any_of))
        self._told = {
            joined.key if k == key else k: joined if k == key else t for k, t in self._told.items()
        }
        return joined.key


def _merged(one: Told, other: Told) -> Told:
    """The same lack, said twice: the weightier message, and whatever either knew of versions."""
    first, second = (other, one) if other.finding.weight > one.finding.weight else (one, other)
    any_of = first.finding.any_of
    if not _has_version(any_of) and _has_version(second.finding.any_of):
        any_of = second.finding.any_of
    finding = evolve(
        first.finding,
        any_of=any_of,
        too_old=first.finding.too_old or second.finding.too_old,
        attempt=first.finding.attempt or second.finding.attempt,
    )
    return evolve(first, finding=finding)


def _has_version(any_of: tuple[Missing, ...]) -> bool:
    return any(m.minimum for m in any_of)
