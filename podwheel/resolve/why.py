"""Who wants a package: every way from a line of a file to it (``podwheel why NAME``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from podwheel.model import Pin, Resolution

LIMIT = 20
"""Ways that are given; a package at the bottom of a large tree has thousands."""

_EXAMINED = 50_000
"""Edges that are followed before giving up on finding more ways."""


def paths(resolution: Resolution, name: str, *, limit: int = LIMIT) -> tuple[tuple[str, ...], ...]:
    """The ways to a package, the shortest first, each as lines from the root down to it.

    A way reads ``("requirements.txt:3 (flask)", "flask 3.1.0 needs werkzeug>=3.1")``, and
    never visits a package twice. Empty if nothing in the resolution has that name.
    """
    pin = resolution.get(canonicalize_name(name))
    if pin is None:
        return ()
    found: list[tuple[str, ...]] = []
    for way in _ways(pin, resolution.dependents):
        found.append(way)
        if len(found) == limit:
            break
    return tuple(found)


def _ways(pin: Pin, parents: Mapping[NormalizedName, Sequence[Pin]]) -> Iterator[tuple[str, ...]]:
    """Breadth first from the package up, so that short ways come first."""
    queue: list[tuple[Pin, tuple[str, ...], frozenset[str]]] = [(pin, (), frozenset())]
    for examined, (here, below, visited) in enumerate(queue):  # grows while it is walked
        if examined == _EXAMINED:
            return
        speakers = {line: _speaker(line, parents.get(here.name, ())) for line in here.wanted_by}
        for line, speaker in speakers.items():
            if speaker is None:
                yield (line, *below)
        seen = visited | {here.name}
        for line, speaker in speakers.items():
            if speaker is not None and speaker.name not in seen:
                queue.append((speaker, (line, *below), seen))


def _speaker(line: str, parents: Sequence[Pin]) -> Pin | None:
    """The package whose need *line* tells (``Need.line``); None for a line of a file."""
    head, needs, _ = line.partition(" needs ")
    if not needs:
        return None
    for pin in parents:
        ending = f" {pin.version}"
        package = head.removesuffix(ending).partition("[")[0]
        if head.endswith(ending) and package == pin.name:
            return pin
    return None
