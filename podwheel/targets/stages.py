"""One stage of a Containerfile → one image; and what an image is, once it is there."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from podwheel import log as logging
from podwheel import process
from podwheel.errors import ToolFailed
from podwheel.model import Image
from podwheel.store import digest_of
from podwheel.targets.recipe import EPOCH
from podwheel.targets.tools import environment, query, run_logged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition

PACKAGES_FILE = "/usr/share/podwheel/packages"
"""Where a Containerfile may leave the sorted list of what is installed."""

_MOST_LIST_BYTES = 16 << 20


def build_arguments(
    definition: TargetDefinition,
    stage: str,
    reference: str,
    *,
    base: str,
    parents: Mapping[str, str],
    context: Path,
    arguments: Mapping[str, str],
) -> list[str | Path]:
    """The buildah command that makes one stage. Pure.

    Args:
        base: The image that is ``$BASE``.
        parents: Stages that are images already; buildah takes these and does not run the stages
            again, so a build image stands on the very runtime image that verification uses.
        context: The directory that the Containerfile may copy from.
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
        f"--file={definition.containerfile}",
        f"--target={stage}",
        f"--tag={reference}",
        *(f"--build-context={name}=container-image://{image}" for name, image in parents.items()),
        *(f"--build-arg={key}={value}" for key, value in sorted(every.items())),
        context,
    ]


def build(
    definition: TargetDefinition,
    stage: str,
    reference: str,
    *,
    base: str,
    parents: Mapping[str, str],
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
    with tempfile.TemporaryDirectory(prefix="podwheel-context-") as empty:
        command = build_arguments(
            definition,
            stage,
            reference,
            base=base,
            parents=parents,
            context=definition.context or Path(empty),
            arguments=arguments or {},
        )
        run_logged(
            command,
            log=log,
            environment=environment(),
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
    listed = _package_list(digest)
    if listed is None:
        layers = query(
            ["podman", "image", "inspect", "--format", "{{json .RootFS.Layers}}", digest],
            what="podman image inspect",
        )
        content = digest_of(["layers", json.loads(layers)])
    else:
        content = digest_of(["packages", hashlib.sha256(listed).hexdigest()])
    store.write("image", digest.removeprefix("sha256:"), content)
    return Image(reference=reference, digest=digest, content=content)


def _package_list(digest: str) -> bytes | None:
    """The image's list of packages: copied out of a container that never runs."""
    container = query(
        ["podman", "create", "--network=none", "--pull=never", digest, "true"], what="podman create"
    ).strip()
    try:
        with tempfile.TemporaryFile() as out:
            done = process.run(["podman", "cp", f"{container}:{PACKAGES_FILE}", "-"], stdout=out)
            if done.code != 0:
                return None
            out.seek(0)
            return _only_file(out)
    finally:
        query(["podman", "rm", "--force", container], what="podman rm")


def _only_file(archive: IO[bytes]) -> bytes:
    """The first member's bytes: an image is a user's own, and still only read as data."""
    try:
        with tarfile.open(fileobj=archive, mode="r|") as members:
            for member in members:
                handle = members.extractfile(member) if member.isreg() else None
                if handle is not None and member.size <= _MOST_LIST_BYTES:
                    data: bytes = handle.read()
                    return data
                break
    except tarfile.TarError as error:
        raise ToolFailed(f"podman cp gave no archive: {error}") from error
    raise ToolFailed(f"{PACKAGES_FILE} of an image is no file of at most 16 MB")
