"""Tasks: the wheel of a pin, the metadata of a candidate, and what a build will need.

The graph grows while it runs: a backend says what it needs only when asked, that may have to
be built first, and so on. Each task is written down the page as it happens (schedule.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from attrs import define, evolve, field

from podwheel import log
from podwheel.archives import expect, read_build_system, read_wheel
from podwheel.build import costs
from podwheel.build.ccache import CompilerCaches
from podwheel.build.dialogue import Dialogue
from podwheel.build.errand import MetadataErrand, Prepared, RequirementsErrand, WheelErrand
from podwheel.build.inputs import Inputs
from podwheel.build.ladder import Ladder
from podwheel.build.lookups import Lookups
from podwheel.build.lost import lost_of
from podwheel.build.mending import Mending
from podwheel.build.projects import Projects
from podwheel.build.records import known_wheel, remember_wheel
from podwheel.build.requirements import BuildRequirements
from podwheel.build.sources import Sources
from podwheel.build.step import Built
from podwheel.build.subject import Subject
from podwheel.build.supplies import Supplies
from podwheel.build.task import SLOT
from podwheel.errors import BuildError
from podwheel.index import file_of
from podwheel.index.urls import masked
from podwheel.model import NO_TREE, ArchiveUrl
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.utils import NormalizedName

    from podwheel.build.lost import Lost
    from podwheel.build.origins import Origins
    from podwheel.build.project import Project
    from podwheel.build.task import Expected, Steps, Task
    from podwheel.build.workshop import Workshop
    from podwheel.model import File, Metadata, Pin, Resolution, Wheel

T = TypeVar("T")


@define(kw_only=True)
class Builder:
    """Makes tasks for one run."""

    workshop: Workshop
    sources: Sources = field(init=False)
    lookups: Lookups = field(init=False)
    supplies: Supplies = field(init=False)
    inputs: Inputs = field(init=False, factory=Inputs)
    projects: Projects = field(init=False)
    ladder: Ladder = field(init=False)
    dialogue: Dialogue = field(init=False)
    caches: CompilerCaches = field(init=False)
    met: set[NormalizedName] = field(factory=set, init=False)
    """Every package that the run had to do with, build requirements too."""
    _wheels: dict[str, Wheel] = field(factory=dict, init=False)
    """By hash: one wheel of a backend serves many builds of a run."""

    def __attrs_post_init__(self) -> None:
        self.sources = Sources(workshop=self.workshop)
        self.lookups = Lookups(workshop=self.workshop, builder=self)
        self.supplies = Supplies(workshop=self.workshop)
        self.ladder = Ladder(workshop=self.workshop)
        self.caches = CompilerCaches(workshop=self.workshop)
        self.projects = Projects(
            workshop=self.workshop,
            sources=self.sources,
            supplies=self.supplies,
            ladder=self.ladder,
            inputs=self.inputs,
        )
        self.dialogue = Dialogue(
            workshop=self.workshop,
            requirements=BuildRequirements(workshop=self.workshop, builder=self),
            supplies=self.supplies,
            inputs=self.inputs,
            mending=Mending(
                workshop=self.workshop,
                supplies=self.supplies,
                ladder=self.ladder,
                cargo=self.projects.cargo,
                with_crates=self.projects.with_crates,
            ),
        )

    # ------------------------------------------------------------ tasks

    def wheel(self, pin: Pin, tree: Resolution) -> Task[Built]:
        """The task whose result is the pin's wheel: upstream's, or built here.

        Args:
            tree: The runtime tree: a build requirement that is in it is *our* wheel of it.
        """
        subject = Subject.of_pin(pin, tree)
        if pin.is_wheel:
            return self._task("download", subject, NO_TREE, lambda: self._download_steps(pin))
        return self._wheel_of(subject, tree)

    def metadata(self, subject: Subject) -> Task[Metadata]:
        """The task whose result is the metadata that its backend prepares (PEP 517)."""
        return self._task("metadata of", subject, NO_TREE, lambda: self._metadata_steps(subject))

    def description(self, subject: Subject) -> Task[Metadata]:
        """The task whose result is a direct reference's metadata, static where it may be."""
        return self._task("describe", subject, NO_TREE, lambda: self._description_steps(subject))

    def prepare(self, pin: Pin, tree: Resolution) -> Task[Prepared]:
        """The task that brings all that the pin's build needs, and stops before building it."""
        subject = Subject.of_pin(pin, tree)
        return self._task("prepare", subject, tree, lambda: self._prepare_steps(subject, tree))

    def comparison(self, task: Task[Built]) -> Task[Lost | None]:
        """The task that compares a wheel with upstream's, as soon as *task* has built it."""

        def steps() -> Steps[Lost | None]:
            yield (task,)
            shop = self.workshop
            return lost_of(task.value(), index=shop.index, python=shop.target.python)

        return self.workshop.scheduler.task(f"compare {task.key}", f"compare {task.title}", steps)

    def upstream(self, pin: Pin) -> Wheel:
        """Download and check an upstream wheel (in the caller's thread)."""
        self.met.add(pin.name)
        return self._upstream_file(_file(pin), Subject.of_pin(pin))

    @property
    def origins(self) -> Origins:
        """Where the wheels of the run's build environments came from."""
        return self.dialogue.requirements.origins

    def static_requires(self, pin: Pin) -> tuple[str, ...]:
        """``build-system.requires`` of a pin that comes from an index's source; else nothing."""
        if pin.is_wheel or pin.file is None:
            return ()
        source = self.sources.of_file(pin.file, hashes=pin.hashes, wanted_by=pin.wanted_by)
        return tuple(str(r) for r in self.sources.build_system(source).requires)

    def _wheel_of(self, subject: Subject, tree: Resolution) -> Task[Built]:
        shop = self.workshop
        cost = costs.known(shop.store, target=shop.target.name, name=subject.name)
        archive = None if subject.file is None else subject.file.size
        return self._task(
            "build",
            subject,
            tree,
            lambda: self._build_steps(subject, tree, guessing=cost is None),
            cost or costs.guess(archive=archive),
        )

    def _task(
        self,
        kind: str,
        subject: Subject,
        tree: Resolution,
        steps: Callable[[], Steps[T]],
        expected: Expected | None = None,
    ) -> Task[T]:
        if subject.version is not None:  # else its name may be a guess
            self.met.add(subject.name)
        return self.workshop.scheduler.task(
            _key(kind, subject, tree),
            f"{kind} {subject}",
            steps,
            about=subject,
            expected=expected,
        )

    # ------------------------------------------------------------ the steps of each

    def _download_steps(self, pin: Pin) -> Steps[Built]:
        yield ()
        wheel = self.upstream(pin)
        log.get().debug("wheel.upstream", title=str(pin))
        return Built(
            wheel=wheel,
            step=None,
            reused=True,
            usage=None,
            log=None,
            url=masked(_file(pin).url),
            source_sha256=None,
        )

    def _build_steps(self, subject: Subject, tree: Resolution, *, guessing: bool) -> Steps[Built]:
        """Build, or find it built.

        Args:
            guessing: What it costs is not remembered: its source tells more than its size did.
        """
        project = yield from self._project(subject)
        if guessing:
            guessed = costs.guess(compiled=self.sources.compiled(project.source))
            self.workshop.scheduler.expect(_key("build", subject, tree), guessed)
        try:
            project, built = yield from self._built(project, tree)
        except BuildError as error:
            if self.workshop.from_source and subject.name not in tree.by_name:
                error.hint += (
                    f"--only-binary {subject.name} takes upstream's wheel, and records it",
                )
            raise
        built = yield from self._as_full_as_can_be(project, built, tree)
        if built.reused:
            log.get().info("step.reused", title=f"build {project.title}", kind="build")
        return built

    def _built(self, project: Project, tree: Resolution) -> Steps[tuple[Project, Built]]:
        notes: list[str] = []
        errand = WheelErrand(
            project=project, workshop=self.workshop, caches=self.caches, notes=notes
        )
        built, project = yield from self.dialogue.run(errand, tree, notes)
        return project, built

    def _as_full_as_can_be(self, project: Project, built: Built, tree: Resolution) -> Steps[Built]:
        """The wheel itself, or a better one: with the compiled part that it was built without.

        What was lacking may come to light one by one, so an attempt that is no better is only
        the end if its log has nothing more to say.
        """
        attempt = best = (project, built)
        while (fuller := self.supplies.fuller(*attempt)) is not None:
            try:
                fuller = yield from self.projects.with_crates(fuller)
                attempt = yield from self._built(fuller, tree)
            except BuildError as error:
                self.supplies.settle(best[1])
                log.get().debug("supplies.vain", title=f"build {project.title}", reason=str(error))
                break
            if len(attempt[1].wheel.extensions) > len(best[1].wheel.extensions):
                best = attempt
        if attempt is not best:
            self.supplies.settle(best[1])
        self._keep(best[0])
        return best[1]

    def _keep(self, project: Project) -> None:
        """Remember what an attempt that succeeded had: the next one starts with it."""
        self.supplies.keep(project)
        self.ladder.keep(project)

    def _metadata_steps(self, subject: Subject) -> Steps[Metadata]:
        project = yield from self._project(subject)
        errand = MetadataErrand(project=project, store=self.workshop.store)
        (metadata,), project = yield from self.dialogue.run(errand, NO_TREE, [])
        self._keep(project)
        if metadata is None:  # the hook is optional (PEP 517): the wheel itself has it
            task = self._wheel_of(subject, NO_TREE)
            yield (task,)
            metadata = task.value().wheel.metadata
        return metadata

    def _description_steps(self, subject: Subject) -> Steps[Metadata]:
        direct = subject.direct
        assert direct is not None
        if isinstance(direct, ArchiveUrl) and file_of(direct).is_wheel:
            return self._upstream_file(file_of(direct), subject).metadata
        source = yield from self.sources.of_direct(
            direct, hashes=subject.hashes, wanted_by=subject.wanted_by
        )
        static = self.lookups.static.learned(
            source.sha256, subdirectory=source.subdirectory
        ) or self.sources.static_metadata(source)
        if static is not None:
            return static
        task = self.metadata(subject)
        yield (task,)
        return task.value()

    def _prepare_steps(self, subject: Subject, tree: Resolution) -> Steps[Prepared]:
        project = yield from self._project(subject)
        errand = RequirementsErrand(project=project, workshop=self.workshop, caches=self.caches)
        prepared, project = yield from self.dialogue.run(errand, tree, [])
        self._keep(project)
        self.inputs.mounts(project)
        return prepared

    # ------------------------------------------------------------ before any of its code runs

    def _project(self, subject: Subject) -> Steps[Project]:
        project = yield from self.projects.of(subject)
        if project.patches:
            project = yield from self._patched(project)
        return project

    def _patched(self, project: Project) -> Steps[Project]:
        """A patch may change pyproject.toml, so it is read again from the patched tree."""
        store = self.workshop.store
        key = digest_of([project.source.identity, project.patches])
        known = store.read("patched", key)
        if known is None:
            slot = yield SLOT
            try:
                with store.attempt("patch") as place:
                    title = f"patch {project.title}"
                    text = self.dialogue.in_container(
                        title,
                        project,
                        (),
                        slot,
                        place,
                        lambda talk, _: talk.read("pyproject.toml"),
                        lambda brought, _usage, _log: brought,
                    )
            finally:
                self.workshop.scheduler.release(slot)
            known = {"pyproject": text}
            store.write("patched", key, known)
        system = read_build_system(known["pyproject"], filename=project.source.filename)
        return evolve(project, build_system=system)

    def _upstream_file(self, file: File, subject: Subject) -> Wheel:
        path, sha256 = self.workshop.index.download(
            file, hashes=subject.hashes, wanted_by=subject.wanted_by
        )
        wheel = self._wheels.get(sha256) or known_wheel(self.workshop.store, sha256)
        if wheel is None:
            wheel = read_wheel(path, filename=file.filename, linked=True)
            remember_wheel(self.workshop.store, wheel)
        self._wheels[sha256] = wheel
        expect(
            wheel,
            name=wheel.name if subject.version is None else subject.name,
            version=subject.version,
            tags=self.workshop.target.python.tags,
            built=False,
        )
        return wheel


def _file(pin: Pin) -> File:
    if pin.file is not None:
        return pin.file
    assert isinstance(pin.direct, ArchiveUrl), pin
    return file_of(pin.direct)


def _key(kind: str, subject: Subject, tree: Resolution) -> str:
    return digest_of([kind, subject.key, tree.digest])
