"""A source with all that is known of it before any of its code has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from podwheel.build.step import WITH_CACHE, Step

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from podwheel.archives.sdist import BuildSystem
    from podwheel.build.inputs import Input
    from podwheel.model import Image, Source
    from podwheel.remedies.remedy import Remedy
    from podwheel.settings import PackageSettings, Settings


_DEBUG_INFO: Final = "PODWHEEL_DEBUG_INFO"
"""For guest/hook.py; in a step's identity where it is set."""


@frozen(kw_only=True)
class Supply:
    """One package of the distribution that a project's build image has."""

    name: str
    reason: str
    """What it is for: ``header libpq-fe.h``, or who wrote it down."""
    path: str | None = None
    """The file of it that was missing."""
    rivals: tuple[str, ...] = ()
    """Other packages that have such a file, and were not chosen."""
    found: bool = False
    """By podwheel, from a failed attempt or a project's own words; not written down by a user."""


@frozen(kw_only=True)
class Project:
    """What one package's build starts from."""

    name: NormalizedName
    version: Version | None
    """None where only the backend knows (a VCS or directory source with a dynamic version)."""
    source: Source
    build_system: BuildSystem
    settings: PackageSettings
    settings_file: str
    """For messages: the path of podwheel.toml, or that name where there is none."""
    config_settings: tuple[tuple[str, str | tuple[str, ...]], ...]
    variables: tuple[tuple[str, str], ...]
    """Environment variables of the build, sorted by name."""
    patches: tuple[str, ...]
    """sha256 of each."""
    image: Image
    """Of the target's build, with `supplies`."""
    supplies: tuple[Supply, ...] = ()
    """Packages of the distribution that the target's own build image has not."""
    rounds: int = 0
    """How often it was tried again with more of them."""
    wanted_by: tuple[str, ...]
    local: bool
    """The user's own source, which may refer to ``file:`` URLs."""
    inputs: tuple[Input, ...] = ()
    """Crates, toolchains and declared downloads."""
    remedies: tuple[Remedy, ...] = ()
    """The rungs of the ladder that it is built with (docs/remedies.md); `variables` has their flags."""
    uploaded: dt.datetime | None = None
    """When its source was published; None: nobody says."""
    cache: str | None = None
    """Names its compiler cache (ccache.py); None: it has none."""
    cached: bool = False
    """It is built with that, in an image that has ccache."""

    @property
    def title(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"

    def step(self, environment: Sequence[tuple[str, str, str]], build_tag: str | None) -> Step:
        """The step that builds it in that environment."""
        return Step(
            name=self.name,
            version=None if self.version is None else str(self.version),
            source=self.source.identity,
            image=f"{self.image.reference} {self.image.content}",
            environment=tuple(environment),
            backend=self.build_system.backend,
            backend_path=self.build_system.backend_path,
            config_settings=self.config_settings,
            variables=self.variables,
            patches=self.patches,
            inputs=(*(one.identity for one in self.inputs), *([WITH_CACHE] if self.cached else [])),
            build_tag=build_tag,
        )


def variables_of(
    settings: Settings, package: PackageSettings, *, epoch: int, told: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The environment variables that a build gets; nothing comes from the host's environment.

    Args:
        epoch: ``SOURCE_DATE_EPOCH``, seconds.
        told: What podwheel knows of the source (`scm.variables`).

    Returns:
        Names and values, sorted; a package's own win over those for all.
    """
    flags = [*settings.cflags, *([f"-march={settings.cpu}"] if settings.cpu else [])]
    variables = {"SOURCE_DATE_EPOCH": str(epoch), **told}
    if settings.debug_info if package.debug_info is None else package.debug_info:
        variables[_DEBUG_INFO] = "1"
    if flags:
        variables |= {"CFLAGS": " ".join(flags), "CXXFLAGS": " ".join(flags)}
    if settings.ldflags:
        variables["LDFLAGS"] = " ".join(settings.ldflags)
    variables |= dict(settings.environment) | dict(package.environment)
    return tuple(sorted(variables.items()))


def parallelism(jobs: int, *, tokens: bool) -> dict[str, str]:
    """How many processes one build may start, in the words of those that can be told.

    Not part of a step's identity: the bytes must not depend on it.

    Args:
        tokens: There is a jobserver; what can use it is told by the guest (guest/jobserver.py),
            which sees the tools' versions.
    """
    told = {"MAX_JOBS": str(jobs), "NPY_NUM_BUILD_JOBS": str(jobs), "CARGO_BUILD_JOBS": str(jobs)}
    if not tokens:
        told |= {"CMAKE_BUILD_PARALLEL_LEVEL": str(jobs), "MAKEFLAGS": f"-j{jobs}"}
    return told
