"""What a failed attempt is given at the next one: packages of the distribution, or a rung of the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from podwheel.build.supplies import log_text, told
from podwheel.build.telling import shown_lines
from podwheel.remedies.remedy import Remedy
from podwheel.syslibs.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel.build.cargo import Cargo
    from podwheel.build.ladder import Ladder
    from podwheel.build.project import Project
    from podwheel.build.supplies import Supplies
    from podwheel.build.task import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.index.once import Once
    from podwheel.model import Resolution

Mend = Plan | Remedy


@frozen(kw_only=True)
class Mending:
    """Reads failures."""

    workshop: Workshop
    supplies: Supplies
    ladder: Ladder
    cargo: Once[Cargo]
    with_crates: Callable[[Project], Steps[Project]]
    """`Cargo.equipped`, for a project whose source has a crate."""

    def after_failure(
        self, project: Project, said: str, log_file: Path, tree: Resolution
    ) -> tuple[Mend | None, tuple[str, ...]]:
        """What the next attempt is given; or None, and what to tell the user.

        A remedy comes first where it answers the very line with which the build ended, and before
        packages that the build may only have looked for in passing.

        Args:
            said: What the failed hook raised.
            log_file: The attempt's log.
            tree: The runtime tree.
        """
        text = _in_place(log_text(log_file), said)
        remedy = self.ladder.next(project, text, tree)
        if remedy is not None and remedy.reason in said:
            return remedy, ()
        planned = self.supplies.after_failure(project, text)
        if any(choice.lack.sure for choice in planned.add) or (planned.add and remedy is None):
            return planned, ()
        if remedy is not None:
            return remedy, ()
        return None, (*self._hints(project, text), *planned.hints)

    def mended(self, project: Project, mend: Mend) -> Steps[Project]:
        """The project as its next attempt has it.

        Raises:
            ImageBuildFailed: The packages cannot be installed.
            ToolchainTooOld: A newer toolchain is wanted, and there is none.
            CargoLockMissing, CargoLockUnusable, CrateUnusable, DownloadError: As `Cargo.equipped`.
        """
        if isinstance(mend, Remedy):
            if mend.rust:
                project, mend = self.cargo.get().newer(project, mend)
            return self.ladder.climbed(project, mend)
        return (yield from self.with_crates(self.supplies.with_more(project, mend)))

    def _hints(self, project: Project, text: str) -> tuple[str, ...]:
        # Patterns that only a log that is read needs.
        from podwheel.remedies.downloads import declaration, downloads_in
        from podwheel.remedies.hints import hints_for

        wanted = downloads_in(text)[:_DECLARED]
        hints = [
            line
            for download in wanted
            for line in (
                f"it wants to download {download}: no step has a network; in podwheel.toml:",
                *(f"  {row}" for row in declaration(download, project=project.name).splitlines()),
            )
        ]
        python = self.workshop.target.python.series
        known = hints_for(text, project.name, python=python)
        return (*hints, *(line for hint in known for line in hint.splitlines()))


def _in_place(text: str, said: str) -> str:
    """The log, and what was said that is not in it. Of a line that is, its place is part of the message:
    that a library was not found says nothing where a build system only tried it."""
    there = set(shown_lines(text))
    return "\n".join((text, *(line for line in said.splitlines() if line not in there)))


_DECLARED = 3
"""Downloads whose declaration is shown; the log has the others."""


def told_of(mend: Mend) -> str:
    """For people: ``libpq-dev (program pg_config)``, ``setuptools-below-82 (No module named …)``."""
    return f"{mend.name} ({mend.reason})" if isinstance(mend, Remedy) else told(mend)
