"""Base images: from a package mirror, a registry or an archive, each made once under one name."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from podwheel import log as logging
from podwheel import process
from podwheel.errors import TargetFileError
from podwheel.targets.definition import ArchiveBase, MirrorBase, RegistryBase
from podwheel.targets.recipe import EPOCH
from podwheel.targets.tools import environment, query, run_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.store import Store
    from podwheel.targets.definition import Base

ATTEMPT = "base"
_CHUNK = 1 << 20

# mmdebstrap copies both from the host to have a network, and leaves them in the archive.
_FORGET_HOST = 'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"'


def make(base: Base, reference: str, *, store: Store, log: Path) -> None:
    """Make *base* and give it the name *reference*; an image of that name is replaced.

    Args:
        log: Gets what the tools print.

    Raises:
        ImageBuildFailed: A tool failed; the tail of what it printed is told.
        TargetFileError: An archive is not there, or not the one that was pinned.
        ToolMissing: mmdebstrap or podman is not there.
    """
    logger = logging.get().bind(image=reference, stage="base")
    logger.info("image.building", log=str(log))
    start = time.monotonic()
    if isinstance(base, RegistryBase):
        _pull(base, reference, log=log)
    elif isinstance(base, ArchiveBase):
        _check(base)
        _import(base.path, reference, log=log)
    else:
        process.find("mmdebstrap")
        with store.attempt(ATTEMPT) as place:
            archive = _archive(place)
            _debian(base, archive, place=place, log=log)
            _import(archive, reference, log=log)
    logger.info("image.built", seconds=round(time.monotonic() - start, 1))


def put_away(place: Path) -> None:
    """End what still works in an attempt of a podwheel that was killed, and remove what it has elsewhere."""
    process.kill_orphans(str(_archive(place)))
    for scratch in Path(tempfile.gettempdir()).glob(f"{_elsewhere(place)}*"):
        _remove(scratch)


def _archive(place: Path) -> Path:
    return place / "rootfs.tar"


def _elsewhere(place: Path) -> str:
    """How the name of what an attempt has in the system's temporary directory begins."""
    return f"podwheel-{place.name}-"


def mmdebstrap_arguments(base: MirrorBase, archive: Path) -> list[str | Path]:
    """The command that writes the smallest sane system of a suite to *archive*.

    Without a mirror, mmdebstrap takes its default and adds a stable suite's updates and security;
    so no mirror's name is written here. With SOURCE_DATE_EPOCH the same packages give the same bytes.
    """
    options: list[str | Path] = [
        "mmdebstrap",
        "--mode=unshare",
        "--variant=minbase",
        "--format=tar",
        f"--components={','.join(base.components)}",
        f"--customize-hook={_FORGET_HOST}",
    ]
    if base.include:
        options.append(f"--include={','.join(sorted(base.include))}")
    if base.keyring is not None:
        options.append(f"--keyring={base.keyring}")
    return [*options, base.suite, archive, *base.mirrors]


def _debian(base: MirrorBase, archive: Path, *, place: Path, log: Path) -> None:
    with _scratch(place) as scratch:
        run_logged(
            mmdebstrap_arguments(base, archive),
            log=log,
            environment=environment(SOURCE_DATE_EPOCH=str(EPOCH), TMPDIR=str(scratch)),
            what=f"a base system of {base.suite}",
        )


@contextlib.contextmanager
def _scratch(place: Path) -> Iterator[Path]:
    """A directory that a subordinate id can reach: mmdebstrap's root is one, and no user of the host.

    That is *place* where the way to it is open (a home of mode 0711), else one in the system's
    temporary directory.
    """
    place.chmod(0o711)
    reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in place.resolve().parents)
    scratch = Path(tempfile.mkdtemp(prefix=_elsewhere(place), dir=place if reachable else None))
    scratch.chmod(0o711)
    try:
        yield scratch
    finally:
        _remove(scratch)


def _remove(scratch: Path) -> None:
    try:
        shutil.rmtree(scratch)
    except PermissionError:  # it was killed: what is left belongs to subordinate ids
        process.run(["podman", "unshare", "rm", "-rf", "--", scratch])


def _import(archive: Path, reference: str, *, log: Path) -> None:
    run_logged(
        ["podman", "import", "--quiet", archive, reference],
        log=log,
        environment=process.host_environment(),
        what=reference,
    )


def _check(base: ArchiveBase) -> None:
    digest = hashlib.sha256()
    try:
        with base.path.open("rb") as archive:
            while chunk := archive.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise TargetFileError(f"base.archive cannot be read: {error}") from error
    if digest.hexdigest() != base.sha256:
        raise TargetFileError(
            f"base.archive {base.path} is not the one that base.sha256 pins: its sha256 is "
            f"{digest.hexdigest()}"
        )


def _pull(base: RegistryBase, reference: str, *, log: Path) -> None:
    """By digest, with the account's own registries configuration and credentials."""
    if process.run(["podman", "image", "exists", base.reference]).code != 0:
        run_logged(
            ["podman", "pull", "--quiet", base.reference],
            log=log,
            environment=environment(),
            what=f"the base {base.reference}",
        )
    query(["podman", "tag", base.reference, reference], what=f"naming {base.reference}")
