"""Which package has which file: asked once of a target's distribution, in an image of its own.

The Containerfile's stage ``index`` leaves three files (docs/targets.md). They are copied to the
store, where `podwheel.syslibs.files` reads them; the image stays, so that another store of the
account needs no network.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from podwheel import log as logging
from podwheel import process
from podwheel.errors import FileIndexDamaged
from podwheel.store import digest_of, sound
from podwheel.targets import stages
from podwheel.targets.copying import regular_files
from podwheel.targets.recipe import REPOSITORY, recipe_of
from podwheel.targets.tools import check_space

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.model import Target
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition
    from podwheel.targets.recipe import Recipe

_STAGE: Final = "index"
_PLACE: Final = "/usr/share/podwheel/index"
_KIND: Final = "file-index"
_FILES: Final = frozenset({"about", "files", "packages"})
_MOST_BYTES: Final = 1 << 30
_CHUNK: Final = 1 << 20


def file_index(
    definition: TargetDefinition, target: Target, *, store: Store, refresh: bool = False
) -> Path | None:
    """The distribution's index of files and packages, made where it is missing.

    The first time takes some 15 s, and the network; after that no process is started.

    Args:
        target: What `images.prepare` returned for *definition*. Its packages are part of the
            index's name: where a refresh found newer ones, their index is made with them.
        refresh: Make it again from what the distribution says today.

    Returns:
        A directory of the store with the files ``about``, ``files`` and ``packages``, which does not
        change any more; None where the Containerfile has no stage ``index``.

    Raises:
        ImageBuildFailed, DiskFull: The stage could not be built.
        FileIndexDamaged: It left something else than these three files.
        ToolFailed: podman did not copy them.
    """
    recipe = recipe_of(definition)
    if _STAGE not in recipe.stages:
        return None
    key = _key(recipe, target)
    if not refresh and (known := _known(key, store=store)):
        return known
    reference = f"{REPOSITORY}/{definition.name}-{_STAGE}:{key[:20]}"
    with store.lock(f"images {reference}"):
        if not refresh and (known := _known(key, store=store)):
            return known
        before = stages.ids((reference,))
        if refresh or not before:
            check_space(store.root)
            stages.build(
                definition,
                _STAGE,
                reference,
                base=recipe.base,
                parents={"runtime": target.runtime.reference},
                store=store,
                log=stages.log_of(store, reference),
            )
        image = stages.require((reference,), store=store)[reference]
        if before.get(reference, image) != image:
            process.run(["podman", "image", "rm", before[reference]])
        directory = _copied(image, store=store, named=definition.name)
        store.write(_KIND, key, directory.name)
    _tell(directory, named=definition.name)
    return directory


def known_index(definition: TargetDefinition, target: Target, *, store: Store) -> Path | None:
    """What `file_index` would return, if it was made before; starts no process."""
    return _known(_key(recipe_of(definition), target), store=store)


def _key(recipe: Recipe, target: Target) -> str:
    return digest_of([recipe.digest, target.runtime.content, _STAGE])


def _known(key: str, *, store: Store) -> Path | None:
    name = store.read(_KIND, key)
    directory = _home(store) / str(name)
    return store.tree(directory) if isinstance(name, str) else None


def _home(store: Store) -> Path:
    return store.root / "file-indexes"


def _copied(image: str, *, store: Store, named: str) -> Path:
    """The image's three files as a directory of the store that is named by their content."""
    with store.attempt(_STAGE) as place:
        new = place / _STAGE
        new.mkdir()
        digests = {}
        with regular_files(image, _PLACE, store=store, most=_MOST_BYTES) as files:
            for name, content in files:
                if name not in _FILES or name in digests:
                    continue
                digest = hashlib.sha256()
                with (new / name).open("xb") as out:
                    while chunk := content.read(_CHUNK):
                        digest.update(chunk)
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                sound.seal(new / name)
                digests[name] = digest.hexdigest()
        if missing := sorted(_FILES - digests.keys()):
            raise FileIndexDamaged(
                f"the stage `{_STAGE}` of target {named} left no {' and no '.join(missing)} in {_PLACE}",
                hint="docs/targets.md says what it has to leave",
            )
        directory = _home(store) / digest_of(digests)
        return store.tree(directory) or store.keep_tree(new, directory)


def _tell(directory: Path, *, named: str) -> None:
    """Say once if the lists of files are not those that the distribution signed."""
    about = (directory / "about").read_text("utf-8", "replace").splitlines()
    if "verified=no" in about:
        logging.get().warning(
            "file_index.unverified",
            target=named,
            message=f"the mirror of {named} serves other lists of files than the distribution signed: "
            "they are used as a hint for what to install; the packages themselves are always verified",
        )
