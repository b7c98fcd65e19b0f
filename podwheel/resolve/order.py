"""Which of the names that are not pinned yet is looked at next.

Much of it is pip's hard-won wisdom (``pip/_internal/resolution/resolvelib/provider.py``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from podwheel.resolve.candidates import is_pinned

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from resolvelib.resolvers import RequirementInformation

    from podwheel.resolve.needs import Need, Node

    Cause = RequirementInformation[Need, Node]

PROMOTED_AFTER = 5
"""Conflicts over a name that is not pinned yet, after which it is pinned early (pip's figure)."""


class Order:
    """One resolution's order.

    resolvelib would ask for the preference of every name in every round, which in a tree of
    thousands is most of what it does. A name's preference depends on who needs it, and is
    remembered until that changes.

    Args:
        wanted: Identifiers that the user's own lines ask for.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = frozenset(wanted)
        self.conflicts: defaultdict[str, int] = defaultdict(int)
        """Of each name, how often it stood in the way."""
        self._promoted: set[str] = set()
        self._preferences: dict[str, tuple[Any, ...]] = {}
        self._pinned = 0
        """How many were pinned when this was asked last."""

    def next(
        self,
        names: Sequence[str],
        resolutions: Mapping[str, Node],
        information: Mapping[str, Iterator[Cause]],
        backtrack_causes: Sequence[Cause],
    ) -> str:
        """One of *names*: the causes of the last conflict go first, then what conflicts often."""
        causes = self._causes(resolutions, backtrack_causes)
        if len(resolutions) != self._pinned + 1 or not resolutions.keys().isdisjoint(names):
            # resolvelib went back, or a pin does not hold any more: who needs what is not as it was.
            self._preferences.clear()
        self._pinned = len(resolutions)
        narrowed = (
            (causes and [name for name in names if name in causes])
            or (self._promoted and [name for name in names if name in self._promoted])
            or names
        )
        return min(narrowed, key=lambda name: self.preference(name, information))

    def preference(
        self, identifier: str, information: Mapping[str, Iterator[Cause]]
    ) -> tuple[Any, ...]:
        """Smaller is pinned sooner: what leaves the fewest candidates, as pip orders them."""
        if identifier not in self._preferences:
            needs = [cause.requirement for cause in information[identifier]]
            self._preferences[identifier] = self._preference_of(identifier, needs)
        return self._preferences[identifier]

    def needed_by_one_more(self, identifier: str) -> None:
        """Something that is about to be pinned needs it too."""
        self._preferences.pop(identifier, None)

    def _causes(
        self, resolutions: Mapping[str, Node], backtrack_causes: Sequence[Cause]
    ) -> set[str]:
        causes: set[str] = set()
        for cause in backtrack_causes:
            for part in (cause.requirement, cause.parent):
                if part is None:
                    continue
                causes.add(part.identifier)
                if part.identifier not in resolutions:
                    self.conflicts[part.identifier] += 1
                    if self.conflicts[part.identifier] >= PROMOTED_AFTER:
                        self._promoted.add(part.identifier)
                        self._preferences.pop(part.identifier, None)
        return causes

    def _preference_of(self, identifier: str, needs: Sequence[Need]) -> tuple[Any, ...]:
        operators = [(s.operator, s.version) for need in needs for s in need.specifier]
        return (
            identifier not in self._promoted,
            not any(need.direct is not None for need in needs),
            not any(need.same is not None or is_pinned(need.specifier) for need in needs),
            not any(
                op in ("<", "<=", "~=") or (op == "==" and version.endswith(".*"))
                for op, version in operators
            ),
            identifier not in self._wanted,
            not operators,
            identifier,
        )
