"""The wheels of a build environment: resolved, and built first where they must be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from attrs import define
from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.build.schedule import CycleFound
from podwheel.errors import BuildCycle
from podwheel.resolve.buildreqs import build_constraints, build_policy, build_requirements
from podwheel.store import digest_of

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from podwheel.build.builder import Builder
    from podwheel.build.project import Project
    from podwheel.build.schedule import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.model import File, Pin, Resolution, Wheel


@define(kw_only=True)
class BuildRequirements:
    """Resolves what builds need, and waits for what has to be built."""

    workshop: Workshop
    builder: Builder

    def wheels(
        self, project: Project, dynamic: tuple[str, ...], tree: tuple[Pin, ...], notes: list[str]
    ) -> Steps[tuple[Wheel, ...]]:
        """The wheels of the project's build environment, sorted by name.

        Args:
            dynamic: What `get_requires_for_build_wheel` asked for.
            tree: The runtime tree. A requirement that is in it is *our* wheel of it: two builds
                of one library in one process do not go together. Only where that would be a
                circle is upstream's wheel taken, and *notes* gets a line.

        Raises:
            BuildCycle: Building the package needs the package, and no wheel breaks the circle.
        """
        without = self._broken_before(project, tree, notes)
        while True:
            preferred = tuple(p for p in tree if p.name not in without and p.name != project.name)
            resolution = yield from self._resolution(project, dynamic, preferred)
            to_build = {
                self.builder.wheel(pin, tree): pin for pin in resolution.pins if not pin.is_wheel
            }
            try:
                if to_build:
                    yield tuple(to_build)
            except CycleFound as cycle:
                pin = next(p for task, p in to_build.items() if task is cycle.asked)
                if pin.name not in {p.name for p in preferred}:  # nothing is left to be tried
                    raise BuildCycle(
                        f"building {project.title} needs, in the end, {project.title} itself",
                        wanted_by=(*cycle.chain, *project.wanted_by),
                        hint=f"allow a wheel for one of them, e.g. --only-binary {pin.name}",
                    ) from None
                without.add(pin.name)
                notes.append(_note(pin.name, project))
                self.workshop.store.write("circle", _circle(project, tree), sorted(without))
                log.get().info("build.cycle", title=project.title, bootstrap=str(pin.name))
                continue
            built = {pin.name: task.value().wheel for task, pin in to_build.items()}
            return self._gathered(resolution, built)

    def _resolution(
        self, project: Project, dynamic: tuple[str, ...], preferred: tuple[Pin, ...]
    ) -> Steps[Resolution]:
        request = self.workshop.request
        return self.builder.lookups.resolution(
            build_requirements(
                project.source.filename,
                declared=[str(r) for r in project.build_system.requires],
                dynamic=dynamic,
                extra=project.settings.build_requires,
                chain=project.wanted_by,
                local=project.local,
            ),
            constraints=(
                *request.build_constraints,
                *build_constraints(project.source.filename, project.settings.build_constraints),
            ),
            policy=build_policy(
                request.formats,
                prereleases=request.prereleases,
                exclude_newer=request.exclude_newer,
            ),
            preferred=preferred,
        )

    def _broken_before(
        self, project: Project, tree: tuple[Pin, ...], notes: list[str]
    ) -> set[NormalizedName]:
        """Where a circle of this tree was broken in an earlier run: the same place, the same bytes.

        Which task closes a circle depends on which came first, so the choice is kept.
        """
        names = self.workshop.store.read("circle", _circle(project, tree)) or []
        notes.extend(line for name in names if (line := _note(name, project)) not in notes)
        return {canonicalize_name(name) for name in names}

    def at_once(
        self, project: Project, dynamic: tuple[str, ...], tree: tuple[Pin, ...]
    ) -> tuple[Wheel, ...] | None:
        """The same, without waiting: None where something must be built first."""
        steps = self.wheels(project, dynamic, tree, [])
        try:
            asked = next(steps)
            while isinstance(asked, tuple) and all(t.ended and t.error is None for t in asked):
                asked = steps.send(None)
        except StopIteration as stop:
            wheels: tuple[Wheel, ...] = stop.value
            return wheels
        steps.close()
        return None

    def _gathered(
        self, resolution: Resolution, built: dict[NormalizedName, Wheel]
    ) -> tuple[Wheel, ...]:
        """Upstream's wheels, downloaded side by side, beside those that were built."""
        upstream = [pin for pin in resolution.pins if pin.name not in built]
        missing = [p for p in upstream if not (p.file and self._is_here(p.file))]
        if len(missing) > 1:
            with ThreadPoolExecutor(max_workers=min(8, len(missing))) as pool:
                list(pool.map(self.builder.upstream, missing))
        got = [self.builder.upstream(pin) for pin in upstream]
        wheels = built | {pin.name: wheel for pin, wheel in zip(upstream, got, strict=True)}
        return tuple(wheels[name] for name in sorted(wheels))

    def _is_here(self, file: File) -> bool:
        return file.sha256 is not None and self.workshop.store.blob(file.sha256) is not None


def _circle(project: Project, tree: tuple[Pin, ...]) -> str:
    return digest_of([project.source.identity, [str(p) for p in tree]])


def _note(name: str, project: Project) -> str:
    return f"upstream's wheel of {name} was a build requirement: building it needs {project.name}"
