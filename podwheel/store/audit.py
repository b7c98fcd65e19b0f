"""Every byte of a store, read: what is not what was kept is set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from podwheel.store import sound
from podwheel.store.store import TREE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.store.store import Store

_TREES = ("unpacked", "crates", "vendored")


@frozen(kw_only=True)
class Audit:
    """What was read of one kind."""

    kind: str
    number: int
    damaged: tuple[str, ...]
    """Paths from the store's root; they are in ``damaged/`` now."""


def audit(store: Store) -> tuple[Audit, ...]:
    """Read everything that has a hash, and set aside what has another one now.

    Podwheels may work in the store meanwhile.
    """
    kinds = (
        ("files", _files(store), lambda path: sound.hash_of(path) == path.name),
        ("documents", _documents(store), _is_whole),
        ("trees", _trees(store), lambda place: _is_same(store, place)),
    )
    found = []
    for kind, places, is_good in kinds:
        number, damaged = 0, []
        for place in places:
            number += 1
            try:
                good = is_good(place)
            except FileNotFoundError:  # a podwheel has just replaced it
                continue
            if not good:
                store.set_aside(place)
                damaged.append(str(place.relative_to(store.root)))
        found.append(Audit(kind=kind, number=number, damaged=tuple(damaged)))
    return tuple(found)


def _files(store: Store) -> Iterator[Path]:
    return (store.root / "blobs").glob("??/*")


def _documents(store: Store) -> Iterator[Path]:
    for place in ("documents", "index"):
        yield from (store.root / place).rglob("*.json")


def _trees(store: Store) -> Iterator[Path]:
    yield from (store.root / "file-indexes").glob("*")
    for place in _TREES:
        yield from (store.root / place).glob("??/*")


def _is_whole(path: Path) -> bool:
    try:
        sound.checked(path.read_bytes())
    except ValueError:
        return False
    return True


def _is_same(store: Store, place: Path) -> bool:
    known = store.read(TREE, store.tree_key(place))
    return (
        known is not None
        and known["listing"] == sound.listing(place)
        and known["contents"] == sound.contents(place)
    )
