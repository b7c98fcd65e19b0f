"""One project's containers: its environment completed by asking, then the errand.

One container where the backend asks for nothing, or for wheels that are at hand; a second one
only where what it asked for had to be built first.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen
from packaging.requirements import InvalidRequirement

from podwheel import log, strangers
from podwheel.build import environment, replay
from podwheel.build.conversation import ARCHIVE, PATCHES, Conversation
from podwheel.build.errand import Errand, Outing
from podwheel.build.judgement import judge
from podwheel.build.mending import told_of
from podwheel.build.step import Usage
from podwheel.build.supplies import told
from podwheel.build.task import SLOT
from podwheel.errors import (
    BackendUnusable,
    HookFailed,
    ImageBuildFailed,
    Interrupted,
    PodwheelError,
    ResolutionError,
    ToolchainTooOld,
)
from podwheel.model import NO_TREE
from podwheel.remedies.remedy import Remedy
from podwheel.sandbox.job import Mount
from podwheel.sandbox.session import GuestGone
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from structlog import BoundLogger

    from podwheel.build.inputs import Inputs
    from podwheel.build.mending import Mend, Mending
    from podwheel.build.project import Project
    from podwheel.build.requirements import BuildRequirements
    from podwheel.build.supplies import Supplies
    from podwheel.build.task import Steps
    from podwheel.build.tokens import Slot
    from podwheel.build.workshop import Workshop
    from podwheel.model import Resolution, Wheel

T = TypeVar("T")


@frozen(kw_only=True)
class _Restart:
    """The backend asked for what this container's environment cannot grow into."""

    requires: tuple[str, ...]


@frozen(kw_only=True)
class _Lacking:
    """The attempt failed for lack of what the next one can be given."""

    mend: Mend
    error: PodwheelError
    """What the attempt ended with, for when it cannot be had after all."""


@frozen(kw_only=True)
class Dialogue:
    """Runs errands."""

    workshop: Workshop
    requirements: BuildRequirements
    supplies: Supplies
    inputs: Inputs
    mending: Mending

    def run(
        self, errand: Errand[T], tree: Resolution, notes: list[str]
    ) -> Steps[tuple[T, Project]]:
        """Run the errand; where it fails for lack of something that can be brought, again with that.

        Args:
            tree: The runtime tree (see `BuildRequirements.wheels`).
            notes: Gets what the record should say.

        Returns:
            The errand's result, and the project with all that it needed.

        Raises:
            BuildError: As its classes say.
        """
        last: _Lacking | None = None
        while True:
            try:
                result = yield from self._attempt(errand, tree, notes)
            except ResolutionError as error:
                if last is None or not isinstance(last.mend, Remedy):
                    raise
                raise _in_vain(last, error) from error
            if not isinstance(result, _Lacking):
                return result, errand.project
            last = result
            try:
                project = yield from self.mending.mended(errand.project, result.mend)
            except (ImageBuildFailed, ToolchainTooOld) as error:
                raise _in_vain(last, error) from error
            errand = evolve(errand, project=project)

    def _attempt(
        self, errand: Errand[T], tree: Resolution, notes: list[str]
    ) -> Steps[T | _Lacking]:
        """Complete the project's environment, then run the errand in its container."""
        project = errand.project
        wheels = yield from self.requirements.wheels(project, (), tree, notes)
        question = _question(project, wheels)
        dynamic = self._answer(question)
        if dynamic is None and (inside := errand.inside()) is not project:
            question = _question(inside, wheels)
            dynamic = self._answer(question)
        while True:
            if dynamic is not None:
                if lacking := self._programs(project, dynamic):
                    return lacking
                if dynamic:
                    wheels = yield from self.requirements.wheels(project, dynamic, tree, notes)
                known = errand.known(wheels)
                if known is not None:
                    return known
            inside = errand.inside()
            self._bring(inside, wheels)
            slot = yield SLOT
            try:
                to_ask = question if dynamic is None else None
                result = self._act(errand, inside, wheels, tree, slot, to_ask)
            finally:
                self.workshop.scheduler.release(slot)
            if not isinstance(result, _Restart):
                return result
            dynamic = result.requires

    def _answer(self, question: str) -> tuple[str, ...] | None:
        """What the backend asked for when it was asked before."""
        shop = self.workshop
        answer = shop.store.read("requires", question) or shop.shared.requires(question)
        return None if answer is None else tuple(answer["requires"])

    def _bring(self, project: Project, wheels: tuple[Wheel, ...]) -> None:
        """All that takes long and needs no container, before a slot is asked for."""
        shop = self.workshop
        if shop.scheduler.withheld:
            return
        environment.Environments(store=shop.store, python=shop.target.python).lay_out(wheels)
        self.inputs.mounts(project)
        shop.images.ready(project.image)

    def _programs(self, project: Project, asked: tuple[str, ...]) -> _Lacking | None:
        """What the distribution has of the programs that the backend asked for, if anything."""
        planned = self.supplies.programs(project, asked)
        if not planned.add:
            return None
        log.get().info("supplies.programs", title=project.title, programs=told(planned))
        error = BackendUnusable(
            f"the backend of {project.title} asks for {', '.join(asked)}",
            wanted_by=project.wanted_by,
            hint="--only-binary NAME takes upstream's wheel of one of them, and records it",
        )
        return _Lacking(mend=planned, error=error)

    def _act(
        self,
        errand: Errand[T],
        inside: Project,
        wheels: tuple[Wheel, ...],
        tree: Resolution,
        slot: Slot,
        question: str | None,
    ) -> T | _Restart | _Lacking:
        """Run the errand in a container; before it ask the backend what it wants, unless *question* is None."""
        complete = wheels

        def talk_through(talk: Conversation, grow: Callable[[tuple[Wheel, ...]], None]) -> Any:
            nonlocal complete
            asked = () if question is None else talk.requires()
            if question is not None:
                _check(errand.project, asked)
                self.workshop.store.write("requires", question, {"requires": list(asked)})
            if asked:
                if self.supplies.programs(errand.project, asked).add:
                    return _Restart(requires=asked)  # and a better image will do without it
                more = self.requirements.at_once(errand.project, asked, tree)
                have = {w.sha256 for w in wheels}
                if more is None or not have <= {w.sha256 for w in more}:
                    return _Restart(requires=asked)
                grow(tuple(w for w in more if w.sha256 not in have))
                complete = more
            return errand.act(talk, place)

        def finish(brought: Any, usage: Usage, log_file: Path) -> T:
            return errand.finish(
                Outing(project=inside, brought=brought, wheels=complete, usage=usage, log=log_file)
            )

        with self._place(errand, inside) as place:
            result: T | _Restart | _Lacking = self.in_container(
                errand.title,
                inside,
                wheels,
                slot,
                place,
                talk_through,
                finish,
                tree,
                mounts=errand.mounts(inside),
            )
            return result

    @contextlib.contextmanager
    def _place(self, errand: Errand[T], inside: Project) -> Iterator[Path]:
        """A directory for one container of the errand's; what is to outlive it is kept, also of a failure."""
        with self.workshop.store.attempt("step") as place:
            try:
                yield place
            finally:
                errand.leave(inside, place)

    def in_container(
        self,
        title: str,
        project: Project,
        wheels: tuple[Wheel, ...],
        slot: Slot,
        place: Path,
        talk_through: Callable[[Conversation, Callable[[tuple[Wheel, ...]], None]], Any],
        finish: Callable[[Any, Usage, Path], Any],
        tree: Resolution = NO_TREE,
        mounts: tuple[Mount, ...] = (),
    ) -> Any:
        """Run *talk_through* in a container of the project's environment, with its source unpacked.

        Args:
            finish: Gets what that returned, what the container used, and its log, when the
                container is gone. The step is done when this is.
            tree: The runtime tree.
            mounts: What it has beside the project's own.

        Returns:
            What *finish* returned; the `_Restart`, where *talk_through* returned one; a
            `_Lacking`, where it failed for lack of what the next attempt can be given.
        """
        attempt = project.rounds + len(project.remedies)
        log_file = self.workshop.log_file(f"{title} again {attempt}" if attempt else title)
        with log.step(title, log=str(log_file), environment=environment.describe(wheels)) as step:
            try:
                brought, usage = self._talk(
                    title,
                    project,
                    wheels,
                    slot,
                    place / "env",
                    talk_through,
                    log_file,
                    step.log,
                    mounts,
                )
            except (HookFailed, BackendUnusable) as error:
                mend, hints = self.mending.after_failure(project, error.said, log_file, tree)
                if mend is None:
                    error.hint = (*hints, *error.hint)
                    raise
                step.lacks(told_of(mend))
                return _Lacking(mend=mend, error=error)
            if isinstance(brought, _Restart):
                step.waits()
                return brought
            return finish(brought, usage, log_file)

    def _talk(
        self,
        title: str,
        project: Project,
        wheels: tuple[Wheel, ...],
        slot: Slot,
        env: Path,
        talk_through: Callable[[Conversation, Callable[[tuple[Wheel, ...]], None]], Any],
        log_file: Path,
        logger: BoundLogger,
        mounts: tuple[Mount, ...],
    ) -> tuple[Any, Usage]:
        """One container's life, from its environment to its judgement."""
        shop = self.workshop
        environments = environment.Environments(store=shop.store, python=shop.target.python)
        environments.make(wheels, into=env)
        inputs = self.inputs.mounts(project)
        job = shop.job(
            title,
            image=project.image,
            program="build.py",
            mounts=(*_mounts(project, env), *inputs, *mounts),
            slot=slot,
            variables=project.variables,
        )
        started = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        brought: Any = None
        failure: Exception | None = None
        with shop.sandbox.session(
            job, log=log_file, watch=lambda line: logger.debug(log.OUTPUT, line=line)
        ) as session:
            talk = Conversation(
                session=session,
                project=project,
                title=project.title,
                wanted_by=project.wanted_by,
                log=log_file,
            )
            try:
                talk.unpack()
                brought = talk_through(talk, lambda more: environments.extend(env, more))
            except (PodwheelError, GuestGone) as error:
                failure = error  # judged when the container is gone: how it ended says more
        shop.scheduler.release(slot)  # what is left to do needs none
        replay.remember(shop, project, wheels, inputs, talk.asked)
        if shop.sandbox.closing:
            raise Interrupted(f"{project.title} was given up: podwheel is ending")
        judge(session.outcome, failure, project, log_file, shop.limits)
        return brought, Usage(
            started=started,
            seconds=session.outcome.seconds,
            cpu_seconds=session.outcome.cpu_seconds,
            hooks_cpu_seconds=session.outcome.hooks_cpu_seconds,
            peak_memory=session.outcome.peak_memory,
            enforced=shop.sandbox.enforced(shop.limits),
        )


def _in_vain(lacking: _Lacking, why: PodwheelError) -> PodwheelError:
    """What the attempt before ended with, and that what it was to be given cannot be had."""
    lacking.error.hint += (f"{told_of(lacking.mend)} cannot be had: {why}",)
    return lacking.error


def _question(project: Project, wheels: tuple[Wheel, ...]) -> str:
    """Names what its backend asks for, in an environment of *wheels*."""
    return digest_of(project.step(environment.identity(wheels), None).id)


def _mounts(project: Project, env: Path) -> tuple[Mount, ...]:
    patches = (
        Mount(source=patch, target=f"{PATCHES}/{n}")
        for n, patch in enumerate(project.settings.patches)
    )
    return (
        Mount(source=project.source.archive, target=ARCHIVE),
        Mount(source=env, target=environment.PREFIX),
        *patches,
    )


def _check(project: Project, asked: tuple[str, ...]) -> None:
    """What a backend asks for is its package's word: it must at least be a list of requirements."""
    for text in asked:
        try:
            strangers.requirement(text)
        except InvalidRequirement as error:
            raise BackendUnusable(
                f"the backend of {project.title} asks for {text[:200]!r}, which is no requirement",
                wanted_by=project.wanted_by,
                said=str(error),
            ) from None
