"""What a target's images are named by: the hash of all that goes into them."""

from __future__ import annotations

import hashlib
import re
import stat
from typing import TYPE_CHECKING, Any

from attrs import frozen

from podwheel.errors import TargetFileError
from podwheel.store import digest_of
from podwheel.targets.definition import MirrorBase, RegistryBase

if TYPE_CHECKING:
    from podwheel.targets.definition import Base, TargetDefinition

EPOCH = 946684800
"""SOURCE_DATE_EPOCH of everything in an image: 2000-01-01. Any constant does that zip can hold."""

REPOSITORY = "localhost/podwheel"

_FORMAT = 1
"""Raised when the way that images are made changes, so that older ones are not taken for new ones."""

_STAGE = re.compile(r"^\s*FROM\s.*\sAS\s+(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_MOST_FILES = 2000
_MOST_BYTES = 64 << 20


@frozen(kw_only=True)
class Recipe:
    """What a target's images are made from, as names."""

    digest: str
    """Hash of all that goes into the images (hex)."""
    base: str
    """The base's image, ``localhost/podwheel/base:…``; targets of one base share it."""
    runtime: str
    build: str
    stages: frozenset[str]
    """The Containerfile's, lower case."""


def recipe_of(definition: TargetDefinition) -> Recipe:
    """Hash a definition's inputs: base, Containerfile, context files, arguments.

    Raises:
        TargetFileError: A file cannot be read, a stage is missing, or the context is too large.
    """
    try:
        containerfile = definition.containerfile.read_bytes()
        context = _context_files(definition)
        base = digest_of([_FORMAT, base_identity(definition.base)])
    except OSError as error:
        raise TargetFileError(f"target {definition.name}: {error}") from error
    stages = frozenset(
        name.lower() for name in _STAGE.findall(containerfile.decode("utf-8", "replace"))
    )
    for stage in ("runtime", "build"):
        if stage not in stages:
            raise TargetFileError(
                f"{definition.containerfile} has no stage `{stage}`",
                hint=f"it needs a line `FROM … AS {stage}` (docs/targets.md, your own Containerfile)",
            )
    digest = digest_of(
        [
            _FORMAT,
            base,
            hashlib.sha256(containerfile).hexdigest(),
            context,
            [list(pair) for pair in definition.arguments],
        ]
    )
    tag = digest[:20]
    return Recipe(
        digest=digest,
        base=f"{REPOSITORY}/base:{base[:20]}",
        runtime=f"{REPOSITORY}/{definition.name}-runtime:{tag}",
        build=f"{REPOSITORY}/{definition.name}-build:{tag}",
        stages=stages,
    )


def base_identity(base: Base) -> dict[str, Any]:
    """What a base is made from, as plain data: paths count by what is in them."""
    if isinstance(base, RegistryBase):
        return {"image": base.reference}
    if isinstance(base, MirrorBase):
        keys = base.keyring.read_bytes() if base.keyring else b""
        return {
            "suite": base.suite,
            "mirrors": list(base.mirrors),
            "components": list(base.components),
            "include": sorted(base.include),
            "keyring": hashlib.sha256(keys).hexdigest(),
        }
    return {"archive": base.sha256}


def _context_files(definition: TargetDefinition) -> list[list[str]]:
    """Path, mode and hash of every file that the Containerfile may use, sorted by path."""
    root = definition.context
    if root is None:
        return []
    found = []
    room = _MOST_BYTES
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(root))
        if stat.S_ISLNK(status.st_mode):
            found.append([name, "link", str(path.readlink())])
        elif stat.S_ISREG(status.st_mode):
            room -= status.st_size
            if room >= 0:
                # The owner's x alone: the rest is a matter of the checkout's umask.
                mode = "x" if status.st_mode & stat.S_IXUSR else "-"
                found.append([name, mode, hashlib.sha256(path.read_bytes()).hexdigest()])
        if room < 0 or len(found) > _MOST_FILES:
            raise TargetFileError(
                f"{definition.source}: context: {root} holds more than {_MOST_FILES} files or "
                f"{_MOST_BYTES >> 20} MB, and every one of them would be read to name the images",
                hint="put the Containerfile and the files that it uses in a directory of their own",
            )
    return found
