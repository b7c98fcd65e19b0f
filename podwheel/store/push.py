"""Filling a store for others: steps that were taken here, with their wheels and logs.

It is a store as any other, of which readers need only ``documents/`` and ``blobs/``: a directory
that they see, or that a web server serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.store.store import Store


@frozen(kw_only=True)
class Pushed:
    """What came of it."""

    steps: int
    """New ones."""
    known: int
    """Steps that were there already."""
    size: int
    """Bytes that were copied."""


def push(store: Store, to: Store) -> Pushed:
    """Copy every step that was built here, and is whole, to another store.

    What came from a shared store itself is left out: only who built a wheel vouches for it. A step
    that is there stays as it is.
    """
    steps = known = size = 0
    for key in _keys(store, "requires"):
        if to.read("requires", key) is None:
            to.write("requires", key, store.read("requires", key))
    for key in _keys(store, "step"):
        document = store.read("step", key)
        if document is None or document.get("shared"):
            continue
        if to.read("step", key) is not None:
            known += 1
            continue
        wheel = store.read("wheel", document["wheel"])
        path = store.blob(document["wheel"])
        if wheel is None or path is None:
            continue
        for one in (path, store.blob(document["log"])):
            if one is not None and to.blob(one.name) is None:
                to.put_file(one)
                size += one.stat().st_size
        to.write("wheel", document["wheel"], wheel)
        to.write("step", key, document)  # last: who finds it finds its wheel
        steps += 1
    return Pushed(steps=steps, known=known, size=size)


def _keys(store: Store, kind: str) -> Iterator[str]:
    found: list[Path] = sorted((store.root / "documents" / kind).glob("*/*.json"))
    return (path.stem for path in found)
