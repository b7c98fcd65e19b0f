"""ccache itself: the distribution's own, with its loader and libraries, brought out of an image that has it.

It is mounted into builds whose images have none. On PATH it would be found: Meson calls every compiler
by a ccache that it finds, and what a package writes down of its compiler would then differ.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from podwheel.build.telling import telling_lines
from podwheel.errors import ToolFailed
from podwheel.sandbox.session import Ended, GuestGone

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.workshop import Workshop

DIRECTORY: Final = "ccache-program"
"""Of the store."""
PACKAGE: Final = "ccache"
"""What the distributions call it, all of them."""
_MOST: Final = 256 << 20


def known_program(workshop: Workshop) -> Path | None:
    """The directory that is to be mounted for the target's builds, if the store has it."""
    return workshop.store.tree(_place(workshop))


def ccache_program(workshop: Workshop) -> Path:
    """The same, made once for the target's build image.

    Raises:
        ImageBuildFailed: The distribution has no such package.
        TargetFileError: The target's images cannot have more of its packages.
        ToolFailed: It could not be brought out.
    """
    store, place = workshop.store, _place(workshop)
    with store.lock(str(place)), store.attempt("program") as attempt:
        if (kept := store.tree(place)) is not None:
            return kept
        tree = attempt / "tree"
        tree.mkdir()
        _collect(workshop, tree)
        for path in (tree, *tree.rglob("*")):  # read, and run, by subordinate ids
            path.chmod(0o755)
        return store.keep_tree(tree, place)


def _place(workshop: Workshop) -> Path:
    digest = workshop.target.build.digest.removeprefix("sha256:")
    return workshop.store.root / DIRECTORY / digest


def _collect(workshop: Workshop, into: Path) -> None:
    log_file = workshop.log_file(PACKAGE)
    image = workshop.images.for_build([PACKAGE])
    job = workshop.job(PACKAGE, image=image, program="collect.py", mounts=(), slot=0)
    reply: dict[str, Any] = {}
    with (
        workshop.sandbox.session(job, log=log_file) as session,
        contextlib.suppress(GuestGone),  # why it is gone, the outcome says
    ):
        reply = session.receive({"op": "send", "program": PACKAGE}, into, limit=_MOST)
    if session.outcome.ended is not Ended.OK or reply.get("ok") is not True:
        raise ToolFailed(
            f"{PACKAGE} of {workshop.target.name} could not be brought out of its image",
            said=telling_lines(log_file),
            log=log_file,
        )
