"""Where buildah works, so that nothing stays of one that was killed.

It puts its things away when it fails and when it is told to end. Killed, it leaves a working
container in podman's storage, its directory, and a RUN command that goes on. The directory is
an attempt of the store; the container is found by an entry for /etc/hosts that is named like
the attempt. (Such an entry is in no image. Labels and annotations would be.)
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from podwheel import process
from podwheel.targets.tools import graph_root, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.store import Store

ATTEMPT = "image"


@contextlib.contextmanager
def workplace(store: Store) -> Iterator[Path]:
    """A directory for one buildah's temporary files; when it has failed, nothing of it is left."""
    with store.attempt(ATTEMPT) as place:
        try:
            yield place
        except BaseException:
            put_away(place)
            raise


def mark(place: Path) -> str:
    """The argument by which processes and working containers of *place* are known."""
    return f"--add-host={_entry(place)}"


def put_away(place: Path) -> None:
    """Remove what a buildah in *place* left outside of it: processes and working containers."""
    process.kill_orphans(mark(place))
    _end_commands(place)
    for container in _containers(place):
        process.run(["buildah", "rm", container])


def _entry(place: Path) -> str:
    return f"{place.name}:127.0.0.1"


def _end_commands(place: Path) -> None:
    """End RUN commands: a container of the runtime's, named after buildah's directory for it."""
    bundles = [bundle for bundle in place.glob("buildah*") if bundle.is_dir()]
    if not bundles:
        return
    runtime = query(
        ["podman", "info", "--format", "{{.Host.OCIRuntime.Path}}"], what="podman info"
    ).strip()
    for bundle in bundles:  # most are known to no runtime any more
        name = f"buildah-{bundle.name}"
        process.run(["podman", "unshare", runtime, "delete", "--force", name])
    # With directories of subordinate ids, where the root of a container would be.
    process.run(["podman", "unshare", "rm", "-rf", "--", *bundles])


def _containers(place: Path) -> Iterator[str]:
    """The ids of working containers, from buildah's own notes of each: its commands do not tell."""
    for notes in graph_root().glob("*-containers/*/userdata/buildah.json"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            options = json.loads(notes.read_bytes()).get("CommonBuildOpts") or {}
            if _entry(place) in (options.get("AddHost") or ()):
                yield notes.parent.parent.name
