"""A toolchain's directory as files: whether a container can read it, and what it is by hash.

Hashing half a gigabyte takes half a second, so a tree's hash is kept in the store under what the
file system says of every file (`Tree.fingerprint`); asking that takes milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.errors import HostError
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.store import Store

_KIND: Final = "toolchain-hash"
# Nothing compiles from them, and rustup's default profile brings 50,000 files of documentation.
_SKIPPED: Final = frozenset({"share/doc", "share/man"})
_READ: Final = stat.S_IROTH
_SEARCH: Final = stat.S_IROTH | stat.S_IXOTH


@frozen(kw_only=True)
class Item:
    """A file or a link of a tree. Directories are what their files make of them."""

    path: str
    """Relative to the tree's root."""
    executable: bool
    size: int
    """Bytes; 0 for a link."""
    changed: int
    """The inode's ctime in nanoseconds: unlike the mtime nobody can set it back."""
    link: str | None
    """Where a link leads, as it says; None for a file."""


@frozen(kw_only=True)
class Tree:
    """What a directory holds, without documentation; nothing of it was read yet."""

    root: Path
    """Resolved."""
    items: tuple[Item, ...]
    """Sorted by path."""
    faults: tuple[str, ...]
    """What a container cannot use, and why: ``bin/cargo cannot be read by others``; in order of path."""

    @property
    def fingerprint(self) -> str:
        """Hash (hex) of what the file system says of it: the same as long as nobody wrote to it."""
        return digest_of(
            [
                str(self.root),
                [(i.path, i.executable, i.size, i.changed, i.link) for i in self.items],
            ]
        )


def scan(root: Path) -> Tree:
    """List a tree, and find what would not work in a container.

    There it is read by a subordinate id, which is neither the files' owner nor in their group, and
    it lies elsewhere: so every file must be readable by others, and a link must lead to another
    file of the tree by a relative way. The directories above it do not matter: a bind mount is
    entered at its root.

    Raises:
        OSError: *root* itself cannot be listed.
    """
    root = root.resolve()
    faults: dict[str, str] = {}
    items = sorted(_items(root, "", faults), key=lambda item: item.path)
    told = tuple(f"{path or '.'} {why}" for path, why in sorted(faults.items()))
    return Tree(root=root, items=tuple(items), faults=told)


def sha256_of(tree: Tree, *, store: Store) -> str:
    """What the tree is (hex): a hash over each file's path, executability and bytes, each link's target.

    Modes beyond that are the umask's of whoever unpacked it.

    Raises:
        HostError: A file cannot be read, or was written to in the meantime.
    """
    kept = store.read(_KIND, tree.fingerprint)
    if isinstance(kept, str):
        return kept
    try:
        found = digest_of(
            [(i.path, i.executable, i.link or _sha256(tree.root / i.path)) for i in tree.items]
        )
        same = scan(tree.root) == tree  # `rustup update` may be at work
    except OSError as error:
        raise HostError(f"the toolchain {tree.root} cannot be read: {error}") from error
    if not same:
        raise HostError(
            f"the toolchain {tree.root} was changed while it was read",
            hint="wait until its installation has ended, and start again",
        )
    store.write(_KIND, tree.fingerprint, found)
    return found


def _items(root: Path, below: str, faults: dict[str, str]) -> Iterator[Item]:
    directory = root / below
    if directory.stat().st_mode & _SEARCH != _SEARCH:
        faults[below] = "is a directory that others cannot search"
    for entry in os.scandir(directory):
        path = f"{below}/{entry.name}" if below else entry.name
        status = entry.stat(follow_symlinks=False)
        executable = bool(status.st_mode & stat.S_IXUSR)
        link = os.readlink(entry) if entry.is_symlink() else None  # noqa: PTH115 - what it says, as text
        if link is not None:
            if why := _astray(root, path, link):
                faults[path] = why
        elif entry.is_dir():
            if path not in _SKIPPED:
                try:
                    yield from _items(root, path, faults)
                except PermissionError:
                    faults[path] = "is a directory that cannot be read"
            continue
        elif not entry.is_file():
            faults[path] = "is neither a file nor a directory"
            continue
        elif not status.st_mode & _READ or (executable and not status.st_mode & stat.S_IXOTH):
            faults[path] = "cannot be read by others"
        yield Item(
            path=path,
            executable=executable and link is None,
            size=0 if link is not None else status.st_size,
            changed=status.st_ctime_ns,
            link=link,
        )


def _astray(root: Path, path: str, link: str) -> str | None:
    """Why a link leads to nothing where the tree is mounted; None if it leads to one of its files."""
    if PurePosixPath(link).is_absolute():
        return f"is a link to {link}, which is not there in a container"
    end = Path(os.path.realpath(root / path))
    if not end.exists():
        return f"is a broken link (to {link})"
    if not end.is_relative_to(root):
        return f"is a link out of the toolchain (to {link})"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
