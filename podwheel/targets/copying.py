"""Files of an image on the host: copied out of a container that never runs."""

from __future__ import annotations

import contextlib
import tarfile
from typing import IO, TYPE_CHECKING

from podwheel import process
from podwheel.errors import ToolFailed
from podwheel.sandbox.leftovers import LABEL
from podwheel.targets.tools import query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.store import Store

ATTEMPT = "copy"


@contextlib.contextmanager
def regular_files(
    digest: str, path: str, *, store: Store, most: int
) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The regular files at or directly below *path* of an image, one after the other.

    An image may be a user's own, and is only ever read as data: links and devices are passed
    over, and no name is used as a path.

    Args:
        digest: The image's id.
        path: Absolute, a file or a directory of the image's.
        store: Where the archive lies in the meantime.
        most: Bytes of all of them together.

    Returns:
        Pairs of a bare name and its bytes, which can be read until the next is taken; none if
        there is no such path.

    Raises:
        ToolFailed: podman did not do it, or there is more than *most*.
    """
    with store.attempt(ATTEMPT) as place, (place / "archive").open("w+b") as archive:
        container = query(
            [
                "podman", "create", f"--label={LABEL}={place.name}", "--network=none",
                "--pull=never", digest, "true",
            ],
            what="podman create",
        ).strip()  # fmt: skip
        try:
            # 125 is no proof that it is not there; but podman says no more than that.
            done = process.run(["podman", "cp", f"{container}:{path}", "-"], stdout=archive)
            archive.seek(0)
            yield _members(archive, path, most=most) if done.code == 0 else iter(())
        finally:
            query(["podman", "rm", "--force", container], what="podman rm")


def _members(archive: IO[bytes], path: str, *, most: int) -> Iterator[tuple[str, IO[bytes]]]:
    room = most
    try:
        with tarfile.open(fileobj=archive, mode="r|") as members:
            for member in members:
                if not member.isreg() or member.name.removeprefix("./").count("/") > 1:
                    continue
                room -= member.size
                if room < 0:
                    raise ToolFailed(f"{path} of an image is larger than {most >> 20} MB")
                content = members.extractfile(member)
                if content is not None:
                    yield member.name.rpartition("/")[2], content
    except tarfile.TarError as error:
        raise ToolFailed(f"podman cp gave no archive: {error}") from error
