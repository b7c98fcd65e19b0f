"""What a build starts from: a source, and all that is said of it before any of its code runs."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING

from attrs import define, field

from podwheel.build import scm
from podwheel.build.ccache import cache_of
from podwheel.build.fetches import Fetches
from podwheel.build.project import Project, variables_of
from podwheel.build.sources import EPOCH, Sources
from podwheel.index.once import Once
from podwheel.model import LocalDirectory

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from podwheel.build.cargo import Cargo
    from podwheel.build.inputs import Inputs
    from podwheel.build.ladder import Ladder
    from podwheel.build.subject import Subject
    from podwheel.build.supplies import Supplies
    from podwheel.build.task import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.model import Source, Wanted
    from podwheel.settings import PackageSettings


@define(kw_only=True)
class Projects:
    """Makes them, for one run."""

    workshop: Workshop
    sources: Sources
    supplies: Supplies
    ladder: Ladder
    inputs: Inputs
    cargo: Once[Cargo] = field(init=False)
    fetches: Fetches = field(init=False)
    _with_settings: tuple[Wanted, ...] = field(init=False)
    """Lines of the user's that have settings for a backend."""

    def __attrs_post_init__(self) -> None:
        self._with_settings = tuple(w for w in self.workshop.request.wanted if w.config_settings)
        self.cargo = Once(self._cargo)
        self.fetches = Fetches(workshop=self.workshop, sources=self.sources, inputs=self.inputs)

    def of(self, subject: Subject) -> Steps[Project]:
        """The project of that source, as far as it is known without running anything of it.

        But for its patches: `Project.patches` names them, and what they change of its build system is not in it.

        Raises:
            BuildError: As its classes say.
        """
        shop = self.workshop
        if subject.file is not None:
            source = self.sources.of_file(
                subject.file, hashes=subject.hashes, wanted_by=subject.wanted_by
            )
        else:
            assert subject.direct is not None
            source = yield from self.sources.of_direct(
                subject.direct, hashes=subject.hashes, wanted_by=subject.wanted_by
            )
        said = self.sources.said(source)
        # Without a version the subject's name may be a guess (`Subject.of_direct`).
        name = subject.name if subject.version is not None else said.name or subject.name
        settings = shop.settings.of(name)
        project = Project(
            name=name,
            version=subject.version,
            source=source,
            build_system=self.sources.build_system(source),
            settings=settings,
            settings_file=str(shop.settings.path or "podwheel.toml"),
            config_settings=self._config_settings(subject, settings),
            variables=self._variables(subject, source, name),
            patches=tuple(hashlib.sha256(p.read_bytes()).hexdigest() for p in settings.patches),
            image=shop.target.build,
            wanted_by=subject.wanted_by,
            local=isinstance(subject.direct, LocalDirectory),
            uploaded=None if subject.file is None else subject.file.uploaded,
            cache=cache_of(subject, shop.target.name)
            if shop.ccache and self.sources.compiled(source)
            else None,
        )
        project = self.supplies.equipped(project, lambda: self.sources.external(source))
        project = self.ladder.known(project)
        project = yield from self.with_crates(project)
        return (yield from self.fetches.equipped(project))

    def _variables(
        self, subject: Subject, source: Source, name: NormalizedName
    ) -> tuple[tuple[str, str], ...]:
        settings = self.workshop.settings
        package = settings.of(name)
        version = None
        if not self.sources.said(source).versioned:
            version = scm.told_version(source, subject.direct, name)
        given = (variable for variable, _ in (*settings.environment, *package.environment))
        told = scm.variables(version, name, given)
        return variables_of(settings, package, epoch=EPOCH, told=told)

    def _cargo(self) -> Cargo:
        from podwheel.build.cargo import Cargo  # rust/ and toolchains/: most runs need neither

        return Cargo(
            workshop=self.workshop,
            sources=self.sources,
            supplies=self.supplies,
            inputs=self.inputs,
        )

    def with_crates(self, project: Project) -> Steps[Project]:
        """The project with what cargo needs (`Cargo.equipped`), where there is a crate in its source."""
        if not self.sources.has_crates(project.source):
            return project
        return (yield from self.cargo.get().equipped(project))

    def _config_settings(
        self, subject: Subject, settings: PackageSettings
    ) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
        """Those of podwheel.toml, and those of the line that asked for it."""
        lines = (
            wanted.config_settings
            for wanted in self._with_settings
            if wanted.name == subject.name
            or (subject.direct is not None and wanted.direct == subject.direct)
        )
        return tuple(sorted({**dict(settings.config_settings), **dict(chain(*lines))}.items()))
