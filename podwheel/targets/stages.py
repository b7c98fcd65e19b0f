"""One stage of a Containerfile → one image; and what an image is, once it is there."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING

from podwheel import log as logging
from podwheel.errors import ImageBuildFailed
from podwheel.model import Image
from podwheel.store import digest_of
from podwheel.targets import working
from podwheel.targets.installed import lists_of
from podwheel.targets.recipe import EPOCH
from podwheel.targets.tools import environment, query, run_logged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition


def build_arguments(
    definition: TargetDefinition,
    stage: str,
    reference: str,
    *,
    base: str,
    parents: Mapping[str, str],
    place: Path,
    arguments: Mapping[str, str],
) -> list[str | Path]:
    """The buildah command that makes one stage. Pure.

    Args:
        base: The image that is ``$BASE``.
        parents: Stages that are images already; buildah takes these and does not run the stages
            again, so a build image stands on the very runtime image that verification uses.
        place: Where buildah works (`working.workplace`).
        arguments: Build arguments beside the definition's.
    """
    every = {
        **dict(definition.arguments),
        **arguments,
        "BASE": base,
        "SOURCE_DATE_EPOCH": str(EPOCH),
    }
    return [
        "buildah",
        "build",
        "--format=oci",
        # Without its cache of layers: what is built is decided by our names. It also lets
        # --force-rm work, which takes the working container away after a failure.
        "--no-cache",
        "--force-rm",
        "--pull=missing",  # other images that a Containerfile names; $BASE is here
        f"--timestamp={EPOCH}",
        working.mark(place),
        f"--file={definition.containerfile}",
        f"--target={stage}",
        f"--tag={reference}",
        *(f"--build-context={name}=container-image://{image}" for name, image in parents.items()),
        *(f"--build-arg={key}={value}" for key, value in sorted(every.items())),
        # The directory that the Containerfile may copy from; an empty one, where it names none.
        definition.context or place / "context",
    ]


def build(
    definition: TargetDefinition,
    stage: str,
    reference: str,
    *,
    base: str,
    parents: Mapping[str, str],
    store: Store,
    log: Path,
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Build one stage and give it the name *reference*.

    Raises:
        ImageBuildFailed: buildah failed; the tail of its output, its log and a hint are told.
        DiskFull: It ran out of space.
    """
    logger = logging.get().bind(image=reference, stage=stage)
    logger.info("image.building", log=str(log))
    start = time.monotonic()
    with working.workplace(store) as place:
        (place / "context").mkdir()
        command = build_arguments(
            definition,
            stage,
            reference,
            base=base,
            parents=parents,
            place=place,
            arguments=arguments or {},
        )
        run_logged(
            command,
            log=log,
            environment=environment(TMPDIR=str(place)),
            what=f"the {stage} image of {definition.name}",
        )
    logger.info("image.built", seconds=round(time.monotonic() - start, 1))


def ids(references: Iterable[str]) -> dict[str, str]:
    """The ids (``sha256:…``) of those references that exist: one call of podman's."""
    wanted = tuple(references)
    # 125: one of them does not exist; the others are printed all the same.
    text = query(
        ["podman", "image", "inspect", "--format", "{{.Id}} {{json .RepoTags}}", *wanted],
        what="podman image inspect",
        allowed=(0, 125),
    )
    found = {}
    for line in text.splitlines():
        identity, space, tags = line.partition(" ")
        if space:
            for tag in json.loads(tags) or ():
                found[tag] = f"sha256:{identity}"
    return {name: found[name] for name in wanted if name in found}


def describe(reference: str, digest: str, *, store: Store) -> Image:
    """The image *digest*, with the hash of what is installed in it; remembered by its id.

    What is installed is what its Containerfile listed in ``/usr/share/podwheel/packages``; without
    a list, it is the image's layers, which say more than is needed and differ more often.
    """
    known = store.read("image", digest.removeprefix("sha256:"))
    if isinstance(known, str):
        return Image(reference=reference, digest=digest, content=known)
    listed = lists_of(digest, store=store).get("packages")
    if listed is None:
        layers = query(
            ["podman", "image", "inspect", "--format", "{{json .RootFS.Layers}}", digest],
            what="podman image inspect",
        )
        content = digest_of(["layers", json.loads(layers)])
    else:
        content = digest_of(["packages", hashlib.sha256(listed.encode()).hexdigest()])
    store.write("image", digest.removeprefix("sha256:"), content)
    return Image(reference=reference, digest=digest, content=content)


def require(references: tuple[str, ...], *, store: Store) -> dict[str, str]:
    """The ids of images that were just made: a tool's exit code alone is no proof.

    Raises:
        ImageBuildFailed: One of them is not there.
    """
    found = ids(references)
    for reference in references:
        if reference not in found:
            raise ImageBuildFailed(
                f"buildah reported success, and there is no image {reference}",
                log=log_of(store, reference, fresh=False),
            )
    return found


def log_of(store: Store, reference: str, *, fresh: bool = True) -> Path:
    """The log of one image's making; a new making starts it anew."""
    directory = store.root / "logs" / "images"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{reference.rpartition('/')[2].replace(':', '-')}.log"
    if fresh:
        path.unlink(missing_ok=True)
    return path
