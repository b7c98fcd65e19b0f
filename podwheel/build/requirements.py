"""The wheels of a build environment: resolved, and built first where they must be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from attrs import define, field
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.build.origins import Origins, Taken
from podwheel.build.seeds import Seeds, members
from podwheel.build.task import CycleFound
from podwheel.errors import BuildCycle, NoSource, ResolutionConflict
from podwheel.model import Format, Wanted
from podwheel.remedies.dates import as_of
from podwheel.remedies.remedy import together
from podwheel.resolve.buildreqs import build_constraints, build_policy, build_requirements
from podwheel.resolve.inputs import Preferred
from podwheel.store import digest_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from packaging.utils import NormalizedName

    from podwheel.build.builder import Builder
    from podwheel.build.project import Project
    from podwheel.build.task import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.model import File, Pin, Resolution, Wheel
    from podwheel.remedies.remedy import Remedy
    from podwheel.resolve.inputs import Policy

_Cuts = dict["NormalizedName", tuple[str, ...]]
"""The projects whose upstream wheel opens a circle of a project's build, with the names around it;
no names: the project has no source."""


@define(kw_only=True)
class BuildRequirements:
    """Resolves what builds need, and waits for what has to be built."""

    workshop: Workshop
    builder: Builder
    seeds: Seeds = field(init=False)
    origins: Origins = field(factory=Origins, init=False)

    def __attrs_post_init__(self) -> None:
        self.seeds = Seeds(workshop=self.workshop)

    def wheels(
        self, project: Project, dynamic: tuple[str, ...], tree: Resolution, notes: list[str]
    ) -> Steps[tuple[Wheel, ...]]:
        """The wheels of the project's build environment, sorted by name.

        Args:
            dynamic: What `get_requires_for_build_wheel` asked for.
            tree: The runtime tree. A requirement that is in it is *our* wheel of it: two builds
                of one library in one process do not go together. Only where that would be a
                circle is upstream's wheel taken, and *notes* gets a line. With
                ``--build-deps source`` that wheel must be a seed.

        Raises:
            BuildCycle: Building the package needs the package, and no wheel breaks the circle.
            NoSource: From source, and a requirement has none.
            HashMismatch, NoMatchingVersion, ResolutionConflict: A seed cannot be used.
        """
        cuts = self._cut_before(project, tree, notes)
        while True:
            try:
                resolution = yield from self._resolution(project, dynamic, tree, cuts)
                to_build = {
                    pin.name: self.builder.wheel(pin, tree)
                    for pin in resolution.pins
                    if not pin.is_wheel
                }
                if to_build:
                    yield tuple(to_build.values())
            except (CycleFound, NoSource) as stop:
                name, around = self._cut(stop, project, tree, cuts)
                cuts[name] = around
                self.workshop.store.write("circle", self._circle(project, tree), cuts)
                self._tell(project, cuts, notes)
                if around:
                    log.get().info("build.cycle", title=project.title, bootstrap=str(name))
                else:
                    log.get().info("build.seed", title=project.title, seed=str(name))
                continue
            wheels = self._gathered(
                resolution, {name: task.value().wheel for name, task in to_build.items()}, cuts
            )
            for task in to_build.values():
                self.origins.built(task.value())
            return wheels

    def _resolution(
        self, project: Project, dynamic: tuple[str, ...], tree: Resolution, cuts: _Cuts
    ) -> Steps[Resolution]:
        request = self.workshop.request
        seeds = self._seed_pins(cuts)
        remedy = together(project.remedies)
        replaced = {canonicalize_name(Requirement(text).name) for text in remedy.overrides}
        resolution = yield from self.builder.lookups.resolution(
            build_requirements(
                project.source.filename,
                declared=_but(replaced, map(str, project.build_system.requires)),
                dynamic=_but(replaced, dynamic),
                extra=(
                    *project.settings.build_requires,
                    *remedy.build_requires,
                    *remedy.overrides,
                ),
                chain=project.wanted_by,
                local=project.local,
            ),
            constraints=(
                *request.build_constraints,
                *self._as_asked(remedy, tree),
                *build_constraints(
                    project.source.filename,
                    (*project.settings.build_constraints, *remedy.build_constraints),
                ),
            ),
            policy=self._policy(self._as_of(project) if remedy.as_of_upload else None),
            preferred=Preferred(tree=tree, but=frozenset({*cuts, project.name}), seeds=seeds),
        )
        for seed in seeds:
            chosen = resolution.get(seed.name)
            if chosen is not None and chosen.file != seed.file:
                raise ResolutionConflict(
                    f"the seed {seed} does not serve {project.title}, whose build needs another version",
                    wanted_by=(*chosen.wanted_by, *project.wanted_by),
                    hint=f"declare {chosen}, or a version that everything takes",
                )
        return resolution

    def _as_asked(self, remedy: Remedy, tree: Resolution) -> tuple[Wanted, ...]:
        """What the request says of the versions of projects that a remedy brings. The tree's own pins
        say it better; but there is no tree yet while versions are resolved."""
        brought = {canonicalize_name(Requirement(text).name) for text in remedy.build_requires}
        brought -= tree.by_name.keys()
        if not brought:  # as nearly always: the lines are many, and every build comes by here
            return ()
        request = self.workshop.request
        return tuple(
            Wanted(
                origin=line.origin,
                text=line.text,
                requirement=Requirement(f"{line.name}{line.requirement.specifier}"),
            )
            for line in (*request.wanted, *request.constraints)
            if line.requirement is not None and line.name in brought
        )

    def _as_of(self, project: Project) -> dt.datetime | None:
        """The day whose build requirements an old source is built with."""
        if project.uploaded is None:
            return None
        return as_of(project.uploaded, self.workshop.target.python.series)

    def _policy(self, as_of_day: dt.datetime | None = None) -> Policy:
        request = self.workshop.request
        days = [day for day in (request.exclude_newer, as_of_day) if day is not None]
        return build_policy(
            request.formats,
            prereleases=request.prereleases,
            exclude_newer=min(days, default=None),
            from_source=self.workshop.from_source,
        )

    # ------------------------------------------------------------ circles

    def _cut(
        self, stop: CycleFound | NoSource, project: Project, tree: Resolution, cuts: _Cuts
    ) -> tuple[NormalizedName, tuple[str, ...]]:
        """What to take upstream's wheel of, and the names around the circle that this opens.

        Raises:
            BuildCycle, NoSource: No wheel may be taken, or the one that was taken has not helped.
        """
        if isinstance(stop, CycleFound):
            name = stop.asked.about.name
            if name in cuts or not self._may_be_cut(name, project, tree):
                raise self._unbroken(stop, project) from None
            return name, tuple(one.name for one in members(stop.circle))
        name = canonicalize_name(stop.name)
        if name in cuts or not self.workshop.from_source or self.seeds.get(name) is None:
            raise self._sourceless(stop) from None
        return name, ()

    def _may_be_cut(self, name: NormalizedName, project: Project, tree: Resolution) -> bool:
        """Whether upstream's wheel of *name* may serve the project's build."""
        if self.workshop.from_source:
            return self.seeds.get(name) is not None
        return name != project.name and name in tree.by_name

    def _seed_pins(self, cuts: _Cuts) -> tuple[Pin, ...]:
        if not self.workshop.from_source:
            return ()
        declared = (self.seeds.get(name) for name in sorted(cuts))
        return tuple(self.seeds.pin(seed) for seed in declared if seed is not None)

    def _unbroken(self, cycle: CycleFound, project: Project) -> BuildCycle:
        name = cycle.asked.about.name
        from_source = self.workshop.from_source
        return BuildCycle(
            f"building {project.title} needs, in the end, {project.title} itself",
            wanted_by=(*cycle.chain, *project.wanted_by),
            hint=(
                *(self.seeds.proposal(cycle.circle) if from_source else ()),
                f"{'or ' if from_source else ''}allow a wheel for one of them, e.g. --only-binary {name}",
            ),
        )

    def _sourceless(self, error: NoSource) -> NoSource:
        if self.workshop.from_source:
            seed = f'[[seed]] name = "{error.name}", version, sha256'
            error.hint = (*error.hint, f"or, by its hash, in podwheel.toml: {seed}")
        return error

    def _cut_before(self, project: Project, tree: Resolution, notes: list[str]) -> _Cuts:
        """Where a circle of this tree was opened in an earlier run: the same place, the same bytes.

        Which task closes a circle depends on which came first, so the choice is kept.
        """
        kept = self.workshop.store.read("circle", self._circle(project, tree)) or {}
        cuts: _Cuts = {canonicalize_name(name): tuple(around) for name, around in kept.items()}
        self._tell(project, cuts, notes)
        return cuts

    def _circle(self, project: Project, tree: Resolution) -> str:
        """The choice's key: another seed, or none, is another choice."""
        shop = self.workshop
        seeds = [f"{s.name} {s.version} {s.sha256}" for s in shop.settings.seeds]
        mode = ["source", *seeds] if shop.from_source else ["wheel"]
        return digest_of([project.source.identity, tree.digest, mode])

    def _tell(self, project: Project, cuts: _Cuts, notes: list[str]) -> None:
        what = "the seed" if self.workshop.from_source else "upstream's wheel of"
        for name, around in cuts.items():
            why = f"building it needs {project.name}" if around else "it has no source"
            line = f"{what} {name} was a build requirement: {why}"
            if line not in notes:
                notes.append(line)

    # ------------------------------------------------------------ at hand

    def at_once(
        self, project: Project, dynamic: tuple[str, ...], tree: Resolution
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
        self, resolution: Resolution, built: dict[NormalizedName, Wheel], cuts: _Cuts
    ) -> tuple[Wheel, ...]:
        """Upstream's wheels, downloaded side by side, beside those that were built."""
        upstream = [pin for pin in resolution.pins if pin.name not in built]
        missing = [p for p in upstream if not (p.file and self._is_here(p.file))]
        if len(missing) > 1:
            with ThreadPoolExecutor(max_workers=min(8, len(missing))) as pool:
                list(pool.map(self.builder.upstream, missing))
        got = {pin.name: self.builder.upstream(pin) for pin in upstream}
        for name, wheel in got.items():
            self._note_taken(name, wheel, cuts)
        wheels = built | got
        return tuple(wheels[name] for name in sorted(wheels))

    def _note_taken(self, name: NormalizedName, wheel: Wheel, cuts: _Cuts) -> None:
        seed = self.workshop.from_source and name in cuts
        declared = self._policy().formats.of(name) is Format.WHEEL
        self.origins.taken(Taken(wheel=wheel, seed=seed, declared=declared))
        if name in cuts:
            self.origins.opened(wheel, cuts[name])

    def _is_here(self, file: File) -> bool:
        return file.sha256 is not None and self.workshop.store.blob(file.sha256) is not None


def _but(replaced: Collection[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The requirements but those of projects that a remedy has its own for."""
    return tuple(
        text
        for text in texts
        if not replaced or canonicalize_name(Requirement(text).name) not in replaced
    )
