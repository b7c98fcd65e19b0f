"""What is installed in an image, and which versions its libraries' symbols need, as it lists them itself.

A Containerfile may leave lists in ``/usr/share/podwheel`` (docs/targets.md): ``packages``, and on
Debian what dpkg knows of shared libraries, ``symbols`` (deb-symbols(5)) and ``shlibs``
(deb-shlibs(5)). They are copied out once, and remembered by the image's id.
"""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from podwheel.targets.copying import regular_files

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Image
    from podwheel.store import Store

DIRECTORY: Final = "/usr/share/podwheel"
"""Where a Containerfile may leave its lists."""

_KIND: Final = "packed-lists"
_LISTS: Final = ("packages", "symbols", "shlibs")
_MOST_BYTES: Final = 128 << 20
_LINE: Final = re.compile(r"(?a:(\w[\w.+-]*) ([\w.+:~^-]+) (\w[\w-]*))")


@frozen(kw_only=True)
class Installed:
    """A package that is installed in an image."""

    name: str
    version: str
    architecture: str
    """As the distribution spells it: ``amd64``, ``x86_64``, ``all``, ``noarch``."""


def installed(image: Image, *, store: Store) -> tuple[Installed, ...]:
    """The packages of an image, in the order of its list, which is sorted by name.

    Returns:
        One for each line ``name version architecture``; lines of another form are passed over. Empty
        where the image has no list.

    Raises:
        ToolFailed: podman did not copy the list, which is done once for an image and a store.
    """
    text = lists_of(image.digest, store=store).get("packages", "")
    found = map(_LINE.fullmatch, text.splitlines())
    return tuple(
        Installed(name=one[1], version=one[2], architecture=one[3]) for one in found if one
    )


def symbols_of(image: Image, *, store: Store) -> str:
    """All ``symbols`` files of dpkg's database, one after the other; empty where there are none.

    Raises:
        ToolFailed: As for `installed`.
    """
    return lists_of(image.digest, store=store).get("symbols", "")


def shlibs_of(image: Image, *, store: Store) -> str:
    """All ``shlibs`` files of dpkg's database, one after the other; empty where there are none.

    Raises:
        ToolFailed: As for `installed`.
    """
    return lists_of(image.digest, store=store).get("shlibs", "")


def lists_of(digest: str, *, store: Store) -> dict[str, str]:
    """The lists that an image has, by their names; bytes that are not UTF-8 as U+FFFD.

    Args:
        digest: The image's id.

    Raises:
        ToolFailed: podman did not copy them.
    """
    key = digest.removeprefix("sha256:")
    kept: Any = store.read(_KIND, key)
    blobs = {name: store.blob(sha256) for name, sha256 in (kept or {}).items()}
    if kept is not None and None not in blobs.values():
        return {name: _unpacked(path) for name, path in blobs.items() if path is not None}
    with regular_files(digest, DIRECTORY, store=store, most=_MOST_BYTES) as files:
        found = {
            name: content.read().decode("utf-8", "replace")
            for name, content in files
            if name in _LISTS
        }
    # Symbols are a megabyte and more for each image, and a tenth of that packed.
    packed = {name: gzip.compress(text.encode(), mtime=0) for name, text in found.items()}
    store.write(_KIND, key, {name: store.put([data])[0] for name, data in packed.items()})
    return found


def _unpacked(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return file.read()
