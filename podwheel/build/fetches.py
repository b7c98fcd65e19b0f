"""``[[package.NAME.fetch]]``: what a build would download, declared by its hash and brought by the host."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attrs import define, evolve

from podwheel.build.inputs import BUILD, Input, Inputs, Placement
from podwheel.index.urls import masked
from podwheel.model import File, Hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel.build.project import Project
    from podwheel.build.sources import Sources
    from podwheel.build.task import Steps
    from podwheel.build.workshop import Workshop
    from podwheel.settings import Fetch

_MOUNTED: Final = "/podwheel/in/fetched"


@define(kw_only=True)
class Fetches:
    """Gives projects what they declare."""

    workshop: Workshop
    sources: Sources
    inputs: Inputs

    def equipped(self, project: Project) -> Steps[Project]:
        """The project with its declared downloads; git's are brought now, files when they are needed.

        Raises:
            PodwheelError: A commit cannot be had.
        """
        for number, fetch in enumerate(project.settings.fetches):
            reason = f"[[package.{project.name}.fetch]] {number + 1} of {project.settings_file}"
            digest, bring = yield from self._bytes_of(fetch, reason)
            mounted = f"{_MOUNTED}/{number}/{_filename(fetch)}"
            one = Input(
                kind="fetch",
                name=masked(fetch.url),
                digest=digest,
                target=mounted,
                places=_places(fetch, mounted, number),
                reason=reason,
            )
            project = evolve(
                project,
                inputs=(*project.inputs, self.inputs.offer(one, bring)),
                variables=_variables(dict(project.variables), fetch, mounted, number),
            )
        return project

    def _bytes_of(self, fetch: Fetch, reason: str) -> Steps[tuple[str, Callable[[], Path]]]:
        if fetch.git is not None:
            source = yield from self.sources.of_direct(fetch.git, hashes=(), wanted_by=(reason,))
            return source.identity, lambda: source.archive
        assert fetch.sha256 is not None  # of what is no repository: requirements/settings.py
        file = File(
            filename=_filename(fetch),
            url=fetch.url,
            hashes=(Hash(algorithm="sha256", digest=fetch.sha256),),
        )
        return (
            fetch.sha256,
            lambda: self.workshop.index.download(file, wanted_by=(reason,))[0],
        )


def _filename(fetch: Fetch) -> str:
    """The URL's last part, as a container may be told it."""
    name = PurePosixPath(urlsplit(fetch.url).path).name
    return re.sub(r"[^A-Za-z0-9._+-]", "_", name).lstrip(".") or "file"


def _places(fetch: Fetch, mounted: str, number: int) -> tuple[Placement, ...]:
    places = []
    if fetch.file is not None:
        places.append(Placement(source=mounted, to=fetch.file))
    if fetch.directory is not None:
        places.append(Placement(source=mounted, to=fetch.directory, unpack=True))
    if fetch.fetchcontent is not None or (fetch.variable is not None and fetch.unpack):
        places.append(Placement(source=mounted, to=_unpacked(number), base="build", unpack=True))
    return tuple(places)


def _unpacked(number: int) -> str:
    return f"fetched/{number}"


def _variables(
    variables: dict[str, str], fetch: Fetch, mounted: str, number: int
) -> tuple[tuple[str, str], ...]:
    """With those that tell the build where it is; a user's own value wins."""
    directory = f"{BUILD}/{_unpacked(number)}"
    if fetch.variable is not None:
        variables.setdefault(fetch.variable, directory if fetch.unpack else mounted)
    if fetch.fetchcontent is not None:
        # CMake's own way to say that a dependency is here already; it spells the name in capitals.
        told = f"-DFETCHCONTENT_SOURCE_DIR_{fetch.fetchcontent.upper()}={directory}"
        variables["CMAKE_ARGS"] = f"{variables.get('CMAKE_ARGS', '')} {told}".strip()
    return tuple(sorted(variables.items()))
