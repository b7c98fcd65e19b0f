"""The images of one run: named without a process, made sure of before the first container."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from podwheel.errors import ToolFailed
from podwheel.targets import images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from podwheel.model import Image, Target
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition


class RunImages:
    """The target's images, and those with more of the distribution's packages.

    A run that starts no container asks podman nothing: what the store remembers of an image is
    believed until a container is to be made of it.

    Args:
        ready: Makes sure, once, that the target's own images are there.
    """

    def __init__(
        self,
        *,
        definition: TargetDefinition,
        target: Target,
        store: Store,
        ready: Callable[[], object],
    ) -> None:
        self._definition, self._target, self._store = definition, target, store
        self._ready = ready
        self._unsure: dict[str, Callable[..., Image]] = {}
        """By name: images that the store was believed about, and what makes them again."""
        self._lock = threading.Lock()

    def for_build(self, packages: Iterable[str], *, on: Image | None = None) -> Image:
        """The build image with *packages*; *on* is one that has some of them.

        Raises:
            ImageBuildFailed: A package does not exist, or could not be had.
            UsageError, TargetFileError: As `images.prepare_extra`.
        """
        return self._with(images.prepare_extra, tuple(packages), on=on)

    def for_server(self, packages: Iterable[str]) -> Image:
        """The pristine image with *packages*.

        Raises:
            ImageBuildFailed, UsageError, TargetFileError: As `for_build`.
        """
        return self._with(images.prepare_server, tuple(packages))

    def ready(self, image: Image | None = None) -> None:
        """Make sure that the target's images, and *image*, are there for a container.

        Raises:
            ToolFailed: One had to be made again and is another now: steps were named by the old.
        """
        self._ready()
        with self._lock:
            again = None if image is None else self._unsure.get(image.reference)
        if image is None or again is None:
            return
        if again().content != image.content:
            raise ToolFailed(
                f"the image {image.reference} was gone and has been made again, from newer packages",
                hint="the same command, once more, works with the new one",
            )
        with self._lock:
            self._unsure.pop(image.reference, None)

    def _with(
        self, prepare: Callable[..., Image], packages: tuple[str, ...], **more: Image | None
    ) -> Image:
        made = functools.partial(
            prepare, self._definition, self._target, packages, store=self._store
        )
        image = made(ready=self._ready, **more)
        with self._lock:
            self._unsure.setdefault(image.reference, made)
        return image
