"""What a project's container is started for: its wheel, its metadata, or only its requirements."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import evolve, frozen

from podwheel.build import costs, environment
from podwheel.build.intake import take_in
from podwheel.build.records import known_wheel
from podwheel.build.step import Built, Usage
from podwheel.errors import HookFailed, WheelRejected
from podwheel.resolve.documents import metadata_from_json, metadata_to_json
from podwheel.sandbox.session import GuestGone

if TYPE_CHECKING:
    from pathlib import Path

    from podwheel.build.ccache import CompilerCaches
    from podwheel.build.conversation import Conversation
    from podwheel.build.project import Project
    from podwheel.build.step import Compilations, Step
    from podwheel.build.workshop import Workshop
    from podwheel.model import Metadata, Wheel
    from podwheel.sandbox.job import Mount
    from podwheel.store import Store

T = TypeVar("T")

_PREPARED = "prepared"
"""The kind of the store's documents that hold what hooks said."""


@frozen(kw_only=True)
class Outing:
    """What a container's run left on the host, after the container is gone."""

    project: Project
    """As the container had it."""
    brought: Any
    """What `Errand.act` returned."""
    wheels: tuple[Wheel, ...]
    """The complete build environment."""
    usage: Usage
    log: Path


@frozen(kw_only=True)
class Errand(ABC, Generic[T]):
    """One purpose; the dialogue (dialogue.py) is the same for all."""

    project: Project

    @property
    @abstractmethod
    def title(self) -> str:
        """For people: ``build numpy 2.1``."""

    @abstractmethod
    def known(self, wheels: tuple[Wheel, ...]) -> T | None:
        """The result, if it follows from the complete environment without a container."""

    def inside(self) -> Project:
        """The project as its container has it."""
        return self.project

    def mounts(self, inside: Project) -> tuple[Mount, ...]:  # noqa: ARG002 - most have none
        """What its container has beside the project's own."""
        return ()

    @abstractmethod
    def act(self, talk: Conversation, place: Path) -> Any:
        """Run in the container once the environment is complete; the directory *place* gets what comes out."""

    @abstractmethod
    def finish(self, outing: Outing) -> T:
        """Make the result of what was brought out."""

    def leave(self, inside: Project, place: Path) -> None:
        """Keep what outlives the container, which is gone, whatever came of it."""


@frozen(kw_only=True)
class MetadataErrand(Errand["tuple[Metadata | None]"]):
    """`prepare_metadata_for_build_wheel`; the result's one item is None where there is no such hook."""

    store: Store

    @property
    def title(self) -> str:
        return f"metadata of {self.project.title}"

    def known(self, wheels: tuple[Wheel, ...]) -> tuple[Metadata | None] | None:
        document = self.store.read(_PREPARED, self._key(wheels))
        if document is None:
            return None
        return (metadata_from_json(document["metadata"]),)

    def act(self, talk: Conversation, place: Path) -> Metadata | None:  # noqa: ARG002 - brings no file
        return talk.metadata()

    def finish(self, outing: Outing) -> tuple[Metadata | None]:
        document = None if outing.brought is None else metadata_to_json(outing.brought)
        self.store.write(_PREPARED, self._key(outing.wheels), {"metadata": document})
        return (outing.brought,)

    def _key(self, wheels: tuple[Wheel, ...]) -> str:
        return self.project.step(environment.identity(wheels), None).id


@frozen(kw_only=True)
class Prepared:
    """All that a build needs is on this machine."""

    project: Project
    wheels: tuple[Wheel, ...]
    step: Step


@frozen(kw_only=True)
class RequirementsErrand(Errand[Prepared]):
    """Only the dialogue itself: what the backend asks for, and bringing it here (``podwheel fetch``)."""

    workshop: Workshop
    caches: CompilerCaches

    @property
    def title(self) -> str:
        return f"requirements of {self.project.title}"

    def inside(self) -> Project:
        """As it will be built: what that wants is brought, too."""
        return self.caches.lent_to(self.project)

    def known(self, wheels: tuple[Wheel, ...]) -> Prepared:
        step = self.inside().step(environment.identity(wheels), self.workshop.build_tag)
        return Prepared(project=self.project, wheels=wheels, step=step)

    def act(self, talk: Conversation, place: Path) -> None:
        """Nothing: the question was asked already."""

    def finish(self, outing: Outing) -> Prepared:
        return self.known(outing.wheels)


@frozen(kw_only=True)
class WheelErrand(Errand[Built]):
    """`build_wheel`, or the same step's wheel from the store."""

    workshop: Workshop
    caches: CompilerCaches
    notes: list[str]
    """Filled while the environment is completed: what the record should say."""

    @property
    def title(self) -> str:
        return f"build {self.project.title}"

    def inside(self) -> Project:
        return self.caches.lent_to(self.project)

    def mounts(self, inside: Project) -> tuple[Mount, ...]:
        cache = self.caches.of(inside)
        return () if cache is None else cache.mounts

    def known(self, wheels: tuple[Wheel, ...]) -> Built | None:
        """One that was built without a compiler cache is as good, and better."""
        plain = self._known(self.project, wheels)
        if plain is not None:
            return plain
        inside = self.inside()
        return None if inside is self.project else self._known(inside, wheels)

    def _known(self, project: Project, wheels: tuple[Wheel, ...]) -> Built | None:
        step = self._step(project, wheels)
        document = self.workshop.store.read("step", step.id)
        if document is None:
            document = self.workshop.shared.step(step, project)
        if document is None:
            return None
        wheel = known_wheel(self.workshop.store, document["wheel"])
        return None if wheel is None else self._built(project, wheel, step, document, reused=True)

    def act(self, talk: Conversation, place: Path) -> tuple[Path, Compilations | None]:
        """The wheel, and what the compiler cache was asked for. That is brought out of a failure as well:
        the next attempt finds what this one compiled."""
        out = place / "out"
        out.mkdir()
        cache = self.caches.of(talk.project)
        if cache is None or not cache.lend(talk):
            return talk.wheel(out), None
        try:
            wheel = talk.wheel(out)
        except HookFailed:
            with contextlib.suppress(WheelRejected, GuestGone):
                cache.take(talk, place)
            raise
        return wheel, cache.take(talk, place)

    def leave(self, inside: Project, place: Path) -> None:
        cache = self.caches.of(inside)
        if cache is not None:
            cache.keep(place)

    def finish(self, outing: Outing) -> Built:
        """Read what the container left, as hostile; make it canonical; keep it under the step's name.

        Raises:
            WheelRejected: It is not the wheel that was asked for.
        """
        store, project = self.workshop.store, outing.project
        made, compilations = outing.brought
        wheel = take_in(
            made,
            workshop=self.workshop,
            name=self.project.name,
            version=self.project.version,
            build_tag=self.workshop.build_tag,
            wanted_by=self.project.wanted_by,
            log=outing.log,
        )
        log_sha256, _ = store.put_file(outing.log)
        step = self._step(project, outing.wheels)
        usage = evolve(outing.usage, compilations=compilations)
        self.caches.count(compilations)
        document = {
            "wheel": wheel.sha256,
            "log": log_sha256,
            "usage": usage.to_json(),
            "notes": [*self.notes, *([_note(compilations)] if project.cached else [])],
        }
        store.write("step", step.id, document)
        costs.remember(
            store,
            target=self.workshop.target.name,
            name=self.project.name,
            usage=usage,
        )
        return self._built(project, wheel, step, document, reused=False)

    def _step(self, project: Project, wheels: tuple[Wheel, ...]) -> Step:
        return project.step(environment.identity(wheels), self.workshop.build_tag)

    def _built(
        self,
        project: Project,
        wheel: Wheel,
        step: Step,
        document: dict[str, Any],
        *,
        reused: bool,
    ) -> Built:
        return Built(
            wheel=wheel,
            step=step,
            reused=reused,
            usage=Usage.from_json(document["usage"]),
            log=document["log"],
            url=self.project.source.url,
            source_sha256=self.project.source.sha256,
            commit=self.project.source.commit,
            image=project.image,
            supplies=self.project.supplies,
            inputs=self.project.inputs,
            remedies=self.project.remedies,
            notes=tuple(document["notes"]),
            shared=document.get("shared"),
        )


def _note(compilations: Compilations | None) -> str:
    said = "" if compilations is None else f": {compilations}"
    return f"built with a compiler cache{said}"
