"""Which modules a wheel would make importable, told from its members' names alone."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_DEPTH = 8  # of namespace packages inside each other

# PEP 3149 and PEP 384: `x.cpython-313-x86_64-linux-gnu.so`, `x.abi3.so`, `x.so`.
_EXTENSION = re.compile(
    r"(?P<name>[^.]+)(?:\.(?:cpython-[\w-]+|pypy[\w-]+|graalpy[\w-]+|abi\w+))?\.so"
)
_SOURCE = re.compile(r"(?P<name>[^.]+)\.pyc?")

_Tree = dict[str, "_Tree | None"]
"""A directory's entries; None for a file."""


def extension_module(filename: str) -> str | None:
    """The module's name if *filename* (no directories) is named like an extension module."""
    match = _EXTENSION.fullmatch(filename)
    return match["name"] if match and _importable(match["name"]) else None


def top_level_modules(
    paths: Iterable[str],
    *,
    namespaces: Collection[str] = (),
    stated: Collection[str] = (),
    not_modules: Collection[str] = (),
) -> tuple[str, ...]:
    """The names that ``import`` would find, sorted.

    A package is its own name; a directory without ``__init__`` is a namespace package (PEP 420)
    and stands for what is in it. A bare ``.py`` file in a namespace counts only where the wheel
    has nothing better: ``docs/conf.py`` and ``tests/test_x.py`` look just the same.

    Args:
        paths: The members that land in site-packages, relative to it.
        namespaces: ``namespace_packages.txt``: packages to descend though they have ``__init__``.
        stated: ``top_level.txt``: keeps only those names, if any of them is there at all.
        not_modules: Paths that are named like extension modules but have no module inside.
    """
    tree: _Tree = {}
    for path in paths:
        if path not in not_modules:
            _insert(tree, path.split("/"))
    strong: set[str] = set()
    weak: set[str] = set()
    _collect(tree, "", frozenset(namespaces), strong, weak, _DEPTH)
    found = strong or weak
    confirmed = {name for name in found if name.split(".")[0] in stated}
    return tuple(sorted(confirmed or found))


def _insert(tree: _Tree, parts: list[str]) -> None:
    for part in parts[:-1]:
        child = tree.setdefault(part, {})
        if child is None:
            return
        tree = child
    tree.setdefault(parts[-1], None)


def _collect(
    tree: _Tree,
    prefix: str,
    namespaces: frozenset[str],
    strong: set[str],
    weak: set[str],
    depth: int,
) -> None:
    for entry, child in tree.items():
        if child is None:
            source = _SOURCE.fullmatch(entry)
            name = source["name"] if source else extension_module(entry)
            if name and _importable(name):
                (weak if source and prefix else strong).add(prefix + name)
        elif _importable(entry) and depth:
            if _is_package(child) and prefix + entry not in namespaces:
                strong.add(prefix + entry)
            else:
                _collect(child, f"{prefix}{entry}.", namespaces, strong, weak, depth - 1)


def _is_package(entries: _Tree) -> bool:
    return any(
        child is None
        and (match := _SOURCE.fullmatch(entry) or _EXTENSION.fullmatch(entry))
        and match["name"] == "__init__"
        for entry, child in entries.items()
    )


def _importable(name: str) -> bool:
    """A name that an import statement can say; ``__init__``, ``__main__`` and caches are not meant."""
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
