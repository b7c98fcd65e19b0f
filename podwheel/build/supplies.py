"""The distribution's packages that a project's builds need: known before, or found by failing.

What is known comes first: podwheel.toml, what an earlier run or a lock says, the project's own
``[external]`` table (PEP 725). What is still lacking then, the log of a failed attempt tells, or of
one that left its compiled part out; each attempt gets an image layer of its own with what the
distribution's index of files has for it (syslibs/). What helped is kept, and nothing is guessed
a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field
from packaging.utils import canonicalize_name

from podwheel import log
from podwheel.build.lost import lost_of
from podwheel.build.programs import programs_asked_for
from podwheel.build.project import Supply
from podwheel.errors import ImageBuildFailed
from podwheel.index.once import Once
from podwheel.store import digest_of
from podwheel.syslibs.choose import Choice, choose
from podwheel.syslibs.external import External, declared, known_packages
from podwheel.syslibs.files import FileIndex
from podwheel.syslibs.plan import MOST_PACKAGES, ROUNDS, Plan, plan
from podwheel.targets.fileindex import file_index, known_index
from podwheel.targets.installed import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from podwheel.build.project import Project
    from podwheel.build.step import Built
    from podwheel.build.workshop import Workshop
    from podwheel.model import Image
    from podwheel.syslibs.lack import Lack

_KIND: Final = "supplies"
"""The kind of the store's documents that say what a project's builds need."""
_SETTLED: Final = "settled"
"""The kind of those that say that a wheel without its compiled part cannot be had better."""
_HEAD, _TAIL = 2 << 20, 6 << 20


@define(kw_only=True, eq=False)
class Supplies:
    """Finds system packages for the projects of one run, and knows what each had."""

    workshop: Workshop
    externals: dict[str, External] = field(factory=dict, init=False)
    """What projects of this run declare themselves (PEP 725), by their names."""
    _kept: dict[str, Project] = field(factory=dict, init=False)
    _files: Once[FileIndex | None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._files = Once(self._open_files)

    @property
    def files(self) -> FileIndex | None:
        """The distribution's index of files; made once. None: this target has none."""
        return self._files.get()

    # ------------------------------------------------------------ what is known before

    def equipped(self, project: Project, external: Callable[[], Mapping[str, Any]]) -> Project:
        """The project with an image that has what is known to be needed.

        Args:
            external: Reads the ``[external]`` table of its pyproject.toml, where that is wanted.
        """
        policy = self.workshop.system
        settings = project.settings_file
        named = tuple(Supply(name=n, reason=settings) for n in project.settings.system_packages)
        written = self._written_down(project)
        if not policy.looking:
            return self._with(project, (*named, *written))
        own = self._external(project, external())
        learned = self._learned(project)
        if learned is None:
            learned = written or self._declared(project, own)
        try:
            return self._with(project, (*named, *learned))
        except ImageBuildFailed as error:
            if not learned:
                raise
            log.get().warning(
                "supplies.unusable",
                project=project.title,
                packages=[s.name for s in learned],
                reason=str(error),
            )
            return self._with(project, named)

    def _learned(self, project: Project) -> tuple[Supply, ...] | None:
        document = self.workshop.store.read(_KIND, self._key(project))
        if document is None:
            return None
        return tuple(Supply(**{**s, "rivals": tuple(s["rivals"])}) for s in document["supplies"])

    def _written_down(self, project: Project) -> tuple[Supply, ...]:
        """What a lock, or the reviewed file, says."""
        return tuple(
            Supply(
                name=name,
                reason=reason or written.source,
                found=self.workshop.system.looking,
            )
            for written in self.workshop.written_down
            for name, reason in written.of(project.name)
        )

    def _external(self, project: Project, table: Mapping[str, Any]) -> External:
        """What the project's own ``[external]`` table says (PEP 725)."""
        if not table:
            return External()
        markers = self.workshop.target.python.marker_environment
        self.externals[project.name] = read = declared({"external": table}, markers)
        if read.unread:
            log.get().warning("external.unread", project=project.title, entries=read.unread)
        return read

    def _declared(self, project: Project, external: External) -> tuple[Supply, ...]:
        """What it asks for of the machine that builds, as far as it can be mapped."""
        if not (external.packages or external.build or external.host):
            return ()
        files = self.files
        if files is None:
            return ()
        named = [
            Supply(name=name, reason="[external] of its pyproject.toml", found=True)
            for name in known_packages(external.packages, files)
        ]
        present = self._present(project.image)
        choices = choose((*external.build, *external.host), files, installed=present)
        return (*named, *_supplies(choices, "declared (PEP 725): "))[:MOST_PACKAGES]

    # ------------------------------------------------------------ what a failure tells

    def after_failure(self, project: Project, text: str) -> Plan:
        """What a failed attempt lacked, and what to install for it.

        Args:
            text: The attempt's log, and what the failed hook raised.
        """
        lacks = _lacks(text)
        if not lacks:
            return Plan(add=(), hints=self._used(project))
        if not self.workshop.system.looking:
            return Plan(add=(), hints=self._told_only(project, lacks))
        if self.files is None or project.rounds >= ROUNDS:
            return Plan(add=(), hints=_plainly(lacks))
        planned = self._plan(project, lacks, self.files)
        return (
            planned
            if planned.add
            else evolve(planned, hints=(*planned.hints, *self._used(project)))
        )

    def programs(self, project: Project, asked: Sequence[str]) -> Plan:
        """The distribution's packages of programs that a backend asks the index for; from source only.

        Args:
            asked: What `get_requires_for_build_wheel` asked for.
        """
        shop = self.workshop
        if not shop.from_source or not shop.system.looking or project.rounds >= ROUNDS:
            return Plan(add=(), hints=())
        lacks = programs_asked_for(
            asked,
            markers=shop.target.python.marker_environment,
            but={canonicalize_name(name) for name in shop.request.formats.only_binary},
        )
        if not lacks or self.files is None:
            return Plan(add=(), hints=())
        return self._plan(project, lacks, self.files)

    def with_packages(self, project: Project, packages: Sequence[str], reason: str) -> Project:
        """The project in an image that also has *packages*, which podwheel chose.

        Raises:
            ImageBuildFailed: They cannot be installed.
        """
        have = {supply.name for supply in project.supplies}
        more = [Supply(name=n, reason=reason, found=True) for n in packages if n not in have]
        return self._with(project, (*project.supplies, *more)) if more else project

    def without(self, project: Project, packages: Collection[str]) -> Project:
        """The project in an image that has none of *packages*.

        Raises:
            ImageBuildFailed: It cannot be made.
        """
        left = tuple(one for one in project.supplies if one.name not in packages)
        if left == project.supplies:
            return project
        return self._with(evolve(project, supplies=()), left)

    def with_more(self, project: Project, planned: Plan) -> Project:
        """The project in an image that also has what *planned* adds.

        Raises:
            ImageBuildFailed: It cannot be installed.
        """
        more = _supplies(planned.add)
        return self._with(evolve(project, rounds=project.rounds + 1), (*project.supplies, *more))

    def _used(self, project: Project) -> tuple[str, ...]:
        """What was found for it so far: a build that now fails otherwise may want another version."""
        found = [s.name for s in project.supplies if s.found]
        if not found:
            return ()
        versions = {p.name: p.version for p in installed(project.image, store=self.workshop.store)}
        named = ", ".join(f"{name} {versions.get(name, '')}".strip() for name in found)
        return (
            (
                f"it was tried with {named} of {self.workshop.target.name}: what the build does not know "
                "of them may be newer, or older, than the distribution's"
            ),
        )

    def _plan(
        self, project: Project, lacks: Sequence[Lack], files: FileIndex, *, stopped: bool = True
    ) -> Plan:
        return plan(
            lacks,
            files,
            project=project.name,
            installed=self._present(project.image),
            added=[s.name for s in project.supplies],
            stopped=stopped,
        )

    def _told_only(self, project: Project, lacks: Sequence[Lack]) -> tuple[str, ...]:
        policy = self.workshop.system
        if policy.reviewed is not None:
            return (*_plainly(lacks), f"{policy.reviewed.source} names no package that has it")
        return (
            *_plainly(lacks),
            f"under [package.{project.name}] of podwheel.toml: system-packages = […]",
            "without --no-system-packages it would be looked for",
        )

    # ------------------------------------------------------------ what a degraded build tells

    def fuller(self, project: Project, built: Built) -> Project | None:
        """The project with what a wheel that lacks its compiled part was built without; or None.

        Only the log says what that was: where it says nothing, the wheel is as good as it gets.
        """
        shop = self.workshop
        if built.step is None or built.log is None or not self.workshop.system.looking:
            return None
        if project.rounds >= ROUNDS or shop.store.read(_SETTLED, built.step.id) is not None:
            return None
        kept = shop.store.blob(built.log)
        text = "" if kept is None else log_text(kept)
        lacks = _lacks(text)
        if not lacks or not self._is_degraded(built, text) or self.files is None:
            self.settle(built)
            return None
        planned = self._plan(project, lacks, self.files, stopped=False)
        if not planned.add:
            self.settle(built)
            return None
        log.get().info("supplies.degraded", title=f"build {project.title}", lacks=told(planned))
        try:
            return self.with_more(project, planned)
        except ImageBuildFailed:
            self.settle(built)
            return None

    def _is_degraded(self, built: Built, text: str) -> bool:
        """Whether the log says that an extension was left out, or upstream's wheel has one that ours has not."""
        from podwheel.syslibs.messages import dropped_extensions

        python = self.workshop.target.python
        return bool(
            dropped_extensions(text) or lost_of(built, index=self.workshop.index, python=python)
        )

    def settle(self, built: Built) -> None:
        """Remember that this step's wheel cannot be had with more of its compiled part."""
        if built.step is not None:
            self.workshop.store.write(_SETTLED, built.step.id, {"wheel": built.wheel.sha256})

    # ------------------------------------------------------------ what is kept

    def keep(self, project: Project) -> None:
        """Remember what an attempt that succeeded had: the next one starts with it."""
        self._kept[project.name] = project
        if not self.workshop.system.looking:
            return  # what was not asked for now is still known for later
        found = [s for s in project.supplies if s.found]
        known = self._learned(project)
        if (known is None and not found) or (known is not None and list(known) == found):
            return
        document = {"project": project.title, "supplies": [_to_json(s) for s in found]}
        self.workshop.store.write(_KIND, self._key(project), document)

    @property
    def supplied(self) -> tuple[Project, ...]:
        """This run's projects whose builds needed packages of the distribution, build requirements too."""
        return tuple(p for p in self._kept.values() if p.supplies)

    def _key(self, project: Project) -> str:
        return digest_of([self.workshop.definition.name, project.name, project.source.identity])

    # ------------------------------------------------------------ images

    def _with(self, project: Project, supplies: Sequence[Supply]) -> Project:
        """The project in the image that has *supplies*; each package once."""
        shop = self.workshop
        each = {s.name: s for s in reversed(supplies)}
        ordered = tuple(each[name] for name in dict.fromkeys(s.name for s in supplies))
        if not ordered:
            return evolve(project, image=shop.target.build, supplies=())
        # What an earlier attempt had is not installed again: each round is shorter than the last.
        on = project.image if project.supplies else None
        image = shop.images.for_build(each, on=on)
        return evolve(project, image=image, supplies=ordered)

    def _present(self, image: Image) -> frozenset[str]:
        return frozenset(p.name for p in installed(image, store=self.workshop.store))

    def _open_files(self) -> FileIndex | None:
        shop = self.workshop
        directory = known_index(shop.definition, shop.target, store=shop.store)
        if directory is None:
            shop.images.ready()
            directory = file_index(shop.definition, shop.target, store=shop.store)
        return None if directory is None else FileIndex.open(directory)


def told(planned: Plan) -> str:
    """What is installed for what, for people: ``libpq-dev (program pg_config)``."""
    return ", ".join(f"{s.name} ({s.reason})" for s in _supplies(planned.add))


def _supplies(choices: Sequence[Choice], prefix: str = "") -> tuple[Supply, ...]:
    return tuple(
        Supply(
            name=choice.candidate.package,
            reason=f"{prefix}{choice.candidate.missing}",
            path=choice.candidate.path,
            rivals=choice.rivals,
            found=True,
        )
        for choice in choices
        if choice.candidate is not None
    )


def _to_json(supply: Supply) -> dict[str, Any]:
    return {
        "name": supply.name,
        "reason": supply.reason,
        "path": supply.path,
        "rivals": list(supply.rivals),
        "found": supply.found,
    }


def _lacks(text: str) -> tuple[Lack, ...]:
    # A hundred patterns, which only a log that is read needs.
    from podwheel.syslibs.messages import lacks_in

    return lacks_in(text)


def _plainly(lacks: Sequence[Lack]) -> tuple[str, ...]:
    sure = [lack for lack in lacks if lack.sure] or list(lacks)
    return (f"the system lacks {', '.join(map(str, sure[:4]))}",)


def log_text(path: Path) -> str:
    """A log's beginning and end: the first cause, and where it stopped."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        at = max(_HEAD, path.stat().st_size - _TAIL)
        file.seek(at)
        return (head + b"\n" * (at > _HEAD) + file.read()).decode("utf-8", "replace")
