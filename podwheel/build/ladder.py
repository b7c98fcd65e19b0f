"""What a failed build is given at its next attempt: rungs of the ladder for old packages (remedies/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, evolve

from podwheel.remedies.remedy import Remedy
from podwheel.store import digest_of

if TYPE_CHECKING:
    from podwheel.build.project import Project
    from podwheel.build.workshop import Workshop
    from podwheel.model import Resolution

_KIND: Final = "remedies"
"""The kind of the store's documents that say what a project's builds were mended with."""


@define(kw_only=True)
class Ladder:
    """Climbs for the projects of one run."""

    workshop: Workshop

    def known(self, project: Project) -> Project:
        """The project with the rungs that worked for it before."""
        if not self.workshop.remedies:
            return project
        for written in self.workshop.store.read(_KIND, self._key(project)) or ():
            project = self.climbed(project, Remedy.from_json(written))
        return project

    def next(self, project: Project, text: str, tree: Resolution) -> Remedy | None:
        """The next rung for what a failed attempt's log says; None: there is none.

        Args:
            tree: The runtime tree: a module that a build imports undeclared may be of one of it, or of
                a project that the request names. (While versions are resolved, there is no tree yet.)
        """
        from podwheel.remedies.ladder import remedies_for  # its patterns serve a failed build alone

        if not self.workshop.remedies:
            return None
        tried = {remedy.name for remedy in project.remedies}
        request = self.workshop.request
        asked = (line.name for line in (*request.wanted, *request.constraints))
        names = {*tree.by_name, *(name for name in asked if name)}
        known = {name.replace("-", "_"): str(name) for name in names}
        while True:
            remedy = remedies_for(
                text, tried=tried, python=self.workshop.target.python.series, known_projects=known
            )
            if remedy is None or not remedy.as_of_upload or project.uploaded is not None:
                return remedy
            tried.add(remedy.name)

    def climbed(self, project: Project, remedy: Remedy) -> Project:
        """The project with one more rung. Variables of the user's own are not overwritten."""
        variables = dict(project.variables)
        users = dict(self.workshop.settings.environment) | dict(project.settings.environment)
        variables |= {k: v for k, v in remedy.environment if k not in users}
        for variable, options in remedy.flags():
            variables[variable] = f"{variables.get(variable, '')} {options}".strip()
        return evolve(
            project,
            remedies=(*project.remedies, remedy),
            variables=tuple(sorted(variables.items())),
        )

    def keep(self, project: Project) -> None:
        """Remember what an attempt that succeeded was given."""
        written = [remedy.to_json() for remedy in project.remedies]
        key = self._key(project)
        if self.workshop.remedies and written != (self.workshop.store.read(_KIND, key) or []):
            self.workshop.store.write(_KIND, key, written)

    def _key(self, project: Project) -> str:
        return digest_of([self.workshop.definition.name, project.name, project.source.identity])
