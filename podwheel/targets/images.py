"""A target's images: found by their names, made where they are missing, described."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

from attrs import frozen

from podwheel import log as logging
from podwheel import process
from podwheel.errors import TargetFileError, UsageError
from podwheel.store import digest_of
from podwheel.targets import base as bases
from podwheel.targets import documents, probe, stages
from podwheel.targets.recipe import REPOSITORY, Recipe, recipe_of
from podwheel.targets.tools import check_space, query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from podwheel.model import Image, Target
    from podwheel.sandbox import Sandbox
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition

# Names as Debian, Fedora, Alpine or Arch spell them, with an architecture or a version. Nothing in
# here means anything to a shell or, as a leading or trailing dash does, to apt.
_PACKAGE = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9+._-]*[A-Za-z0-9+])?(?::[a-z0-9]+)?(?:=[A-Za-z0-9][A-Za-z0-9.+:~-]*)?"
)


def prepare(
    definition: TargetDefinition,
    *,
    store: Store,
    sandbox: Sandbox,
    refresh: bool = False,
    assume_present: bool = False,
) -> Target:
    """The target with its images at hand and its Python described; builds what is missing.

    Args:
        sandbox: Where the image is asked for its Python.
        refresh: Make everything again from the distribution's packages as they are today. A base
            that is pinned stays what it is.
        assume_present: If the store knows this target, believe it: no process is started. For a
            run that will start no container either.

    Raises:
        TargetFileError: The definition's files cannot be used.
        ImageBuildFailed, DiskFull, ToolMissing: An image could not be made.
        ProbeFailed: The image's Python did not describe itself.
    """
    recipe = recipe_of(definition)
    known = None if refresh else documents.recall(definition, recipe, store=store)
    if known is not None and (assume_present or _unchanged(known)):
        return known
    with store.lock(f"images {recipe.digest}"):
        present = {} if refresh else stages.ids((recipe.runtime, recipe.build))
        if len(present) < 2:
            present = _make(definition, recipe, present, store=store, refresh=refresh)
        runtime, build = (
            stages.describe(name, present[name], store=store)
            for name in (recipe.runtime, recipe.build)
        )
        facts = probe.ask(
            runtime,
            definition.python,
            sandbox=sandbox,
            store=store,
            log=stages.log_of(store, recipe.runtime.replace("-runtime:", "-probe:")),
        )
        target = documents.target_of(definition, recipe, runtime=runtime, build=build, facts=facts)
        documents.remember(definition, recipe, target, facts, store=store)
    return target


def prepare_extra(
    definition: TargetDefinition,
    target: Target,
    packages: Iterable[str],
    *,
    store: Store,
    on: Image | None = None,
    ready: Callable[[], object] | None = None,
) -> Image:
    """The target's build image with packages of its distribution: the Containerfile's stage ``extra``.

    The packages come from the distribution's signed repositories, by its own package manager.

    Args:
        target: What `prepare` returned for *definition*.
        packages: Names as the distribution spells them; order and repetition do not matter.
        on: An image of this function's that has some of them already: only the rest is installed.
            The image's name does not depend on it, and what is installed should not.
        ready: If given, an image that the store remembers is believed to be there, and no process
            is started; else this makes sure of the target's own images first.

    Raises:
        UsageError: A name that cannot be a package's.
        TargetFileError: The Containerfile has no stage ``extra``.
        ImageBuildFailed: A package does not exist, or could not be had.
    """
    return _EXTRA.prepare(
        definition, packages, parent=target.build, on=on, store=store, ready=ready
    )


def prepare_server(
    definition: TargetDefinition,
    target: Target,
    packages: Iterable[str],
    *,
    store: Store,
    ready: Callable[[], object] | None = None,
) -> Image:
    """The pristine server with the packages that wheels need to run: the Containerfile's stage ``server``.

    Args, Raises: As for `prepare_extra`.
    """
    return _SERVER.prepare(
        definition, packages, parent=target.runtime, on=None, store=store, ready=ready
    )


@frozen(kw_only=True)
class _Layer:
    """A stage that installs packages of the distribution on one of the target's two images."""

    stage: str
    parent: str
    """The stage that it stands on."""
    purpose: str
    """What cannot be done without it."""
    hint: str
    """How to do without."""

    def prepare(
        self,
        definition: TargetDefinition,
        packages: Iterable[str],
        *,
        parent: Image,
        on: Image | None,
        store: Store,
        ready: Callable[[], object] | None,
    ) -> Image:
        """The image of this stage, built if it is missing; *parent* itself for no packages."""
        names = tuple(sorted(set(packages)))
        for name in names:
            if not _PACKAGE.fullmatch(name):
                raise UsageError(f"{name!r} cannot be the name of a system package")
        if not names:
            return parent
        recipe = recipe_of(definition)
        if self.stage not in recipe.stages:
            raise TargetFileError(
                f"target {definition.name} cannot install {self.purpose} ({', '.join(names)}): "
                f"{definition.containerfile} has no stage `{self.stage}`",
                hint=("docs/targets.md, your own Containerfile, shows the three lines", self.hint),
            )
        # The parent's content, not only its recipe: a refreshed one gets refreshed layers.
        tag = digest_of([recipe.digest, parent.content, names])[:20]
        reference = f"{REPOSITORY}/{definition.name}-{self.stage}:{tag}"
        known = documents.recall_image(reference, store=store)
        if ready is not None:
            if known is not None:
                return known
            ready()
        present = stages.ids((reference,))
        if not present:
            with store.lock(f"images {reference}"):
                present = stages.ids((reference,))
                if not present:
                    check_space(store.root)
                    stages.build(
                        definition,
                        self.stage,
                        reference,
                        base=recipe.base,
                        parents={self.parent: (on or parent).reference},
                        store=store,
                        log=stages.log_of(store, reference),
                        arguments={"PACKAGES": " ".join(names)},
                    )
                    present = stages.require((reference,), store=store)
        image = stages.describe(reference, present[reference], store=store)
        if image != known:
            documents.remember_image(image, store=store)
        return image


_EXTRA = _Layer(
    stage="extra",
    parent="build",
    purpose="system packages that a build needs",
    hint="or put them into its stage `build`",
)
_SERVER = _Layer(
    stage="server",
    parent="runtime",
    purpose="the system packages that wheels need where they run",
    hint="or put them into its stage `runtime`, if your servers have them",
)


@frozen(kw_only=True)
class Status:
    """A definition and what there is of it, for ``podwheel target list`` and ``show``."""

    definition: TargetDefinition
    runtime: str
    """The name that its image has, or would have."""
    build: str
    sizes: tuple[tuple[str, int], ...]
    """Name and bytes (with all layers) of those that exist."""
    target: Target | None
    """As the store remembers it; None if it was never prepared there."""

    @property
    def ready(self) -> bool:
        return len(self.sizes) == 2


def status(definitions: Iterable[TargetDefinition], *, store: Store) -> tuple[Status, ...]:
    """What there is of each definition; one call of podman's for all.

    Raises:
        TargetFileError: A definition's files cannot be used.
        ToolMissing, ToolFailed: podman is not there, or does not work.
    """
    listing = query(
        ["podman", "image", "ls", "--format=json", f"--filter=reference={REPOSITORY}/*"],
        what="podman image ls",
    )
    sizes = {
        name: int(entry["Size"])
        for entry in json.loads(listing)
        for name in entry.get("Names") or ()
    }
    found = []
    for definition in definitions:
        recipe = recipe_of(definition)
        names = (recipe.runtime, recipe.build)
        found.append(
            Status(
                definition=definition,
                runtime=recipe.runtime,
                build=recipe.build,
                sizes=tuple((name, sizes[name]) for name in names if name in sizes),
                target=documents.recall(definition, recipe, store=store),
            )
        )
    return tuple(found)


def _unchanged(target: Target) -> bool:
    """Both images are there, and are those that the store knows."""
    images = (target.runtime, target.build)
    return stages.ids(i.reference for i in images) == {i.reference: i.digest for i in images}


def _make(
    definition: TargetDefinition,
    recipe: Recipe,
    present: dict[str, str],
    *,
    store: Store,
    refresh: bool,
) -> dict[str, str]:
    """Build the stages that are not *present*; returns the ids of both images."""
    process.find("buildah")
    check_space(store.root)
    start = time.monotonic()
    names = (recipe.base, recipe.runtime, recipe.build)
    replaced = stages.ids(names) if refresh else {}
    with store.lock(f"images {recipe.base}"):  # targets share bases
        if refresh or recipe.base not in stages.ids((recipe.base,)):
            bases.make(
                definition.base, recipe.base, store=store, log=stages.log_of(store, recipe.base)
            )
    if recipe.runtime not in present:
        stages.build(
            definition,
            "runtime",
            recipe.runtime,
            base=recipe.base,
            parents={},
            store=store,
            log=stages.log_of(store, recipe.runtime),
        )
    # Always on the runtime image that is there now.
    stages.build(
        definition,
        "build",
        recipe.build,
        base=recipe.base,
        parents={"runtime": recipe.runtime},
        store=store,
        log=stages.log_of(store, recipe.build),
    )
    made = stages.require((recipe.runtime, recipe.build), store=store)
    if replaced:
        _forget(replaced, stages.ids(names))
    logging.get().info(
        "target.ready", target=definition.name, seconds=round(time.monotonic() - start, 1)
    )
    return made


def _forget(replaced: dict[str, str], present: dict[str, str]) -> None:
    """Remove what a refresh left without a name, children first; one that is in use stays."""
    for name in reversed(replaced):
        if present.get(name) != replaced[name]:
            process.run(["podman", "image", "rm", replaced[name]])
