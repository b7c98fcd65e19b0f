"""What a command line asks for: settings, requirements, targets. Nothing is looked up."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import evolve, field, frozen

from podwheel.build.workshop import SystemPolicy
from podwheel.errors import ResolutionError, UsageError
from podwheel.model import Freshness
from podwheel.prove.baseline import refuse_settings
from podwheel.requirements import Arguments, load_settings, read, read_system_packages
from podwheel.requirements.secrets import tell_secrets
from podwheel.settings import LimitSettings
from podwheel.targets import definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from podwheel.model import Request, Target
    from podwheel.settings import Settings
    from podwheel.targets.definition import TargetDefinition


@frozen(kw_only=True)
class Options:
    """What the command line said beside the requirements themselves; plain values."""

    arguments: Arguments
    environ: Mapping[str, str]
    cwd: Path
    store: Path
    config: Path | None = None
    targets: tuple[str, ...] = ()
    """Names or files; empty: podwheel.toml's, else the default."""
    freshness: Freshness = Freshness.NORMAL
    jobs: int = field(factory=lambda: len(os.sched_getaffinity(0)))
    """How many jobs run at once, over all containers."""
    limits: LimitSettings = LimitSettings()
    build_tag: str | None = None
    build_deps: Literal["wheel", "source"] = "wheel"
    """What build requirements are: upstream's wheels where they fit, or built as well."""
    rust: str | None = None
    """A Rust toolchain of this host: a path, or rustup's name of one."""
    remedies: bool = True
    find_system_packages: bool = True
    system_packages_from: str | None = None
    shared_store: str | None = None
    """A directory or a URL; None: podwheel.toml's."""
    ccache: bool | None = None
    """None: as podwheel.toml says; so with the next."""
    debug_info: bool | None = None


def asked(options: Options) -> tuple[Settings, Request, tuple[TargetDefinition, ...]]:
    """What the files, the options and the environment ask for, of which targets.

    Raises:
        UsageError: A file or a target cannot be used, or was not found.
    """
    with _telling_closed_paths():
        settings = load_settings(options.config, cwd=options.cwd)
        if options.debug_info is not None:
            settings = evolve(settings, debug_info=options.debug_info)
        tell_secrets(settings)
        request = read(
            options.arguments, environ=options.environ, cwd=options.cwd, settings=settings
        )
        names = options.targets or settings.targets or (definition.DEFAULT,)
        targets = _distinct(definition.load(name, cwd=options.cwd) for name in names)
        for one in targets:
            refuse_settings(settings, one.capture)
        if len(targets) == 1:  # else it is told with what else went wrong
            system_policy(options, targets[0])
        return settings, request, targets


def shared_store(options: Options, settings: Settings) -> str | None:
    """Where the store of others is: a URL, or an absolute directory.

    Raises:
        UsageError: There is no such directory.
    """
    where = options.shared_store or settings.shared_store
    if where is None or "://" in where:
        return where
    place = (options.cwd / Path(where).expanduser()).absolute()
    if not place.is_dir():
        raise UsageError(
            f"there is no directory {place} to share a store from",
            hint="`podwheel cache push DIR` fills one",
        )
    return str(place)


def _distinct(named: Iterable[TargetDefinition]) -> tuple[TargetDefinition, ...]:
    """Each once, in the order in which they were named.

    Raises:
        UsageError: Two that differ have one name: so would their wheelhouses.
    """
    found: dict[str, TargetDefinition] = {}
    for one in named:
        other = found.setdefault(one.name, one)
        if other != one:
            server = one.capture or other.capture
            raise UsageError(
                f"{other.source} and {one.source} are both called {one.name!r}",
                hint=f"one wheelhouse is for both: build it for one, then podwheel verify --against {server.source} DIR"
                if server
                else "give each a `name` of its own",
            )
    return tuple(found.values())


@contextlib.contextmanager
def _telling_closed_paths() -> Iterator[None]:
    """Before Python 3.14 even `Path.exists` raises for what lies in a directory that is closed to us
    (root's home, for the account that root hands over to), or has too long a name.

    Raises:
        UsageError: A path that the user named cannot be looked at.
    """
    try:
        yield
    except OSError as error:
        if not isinstance(error, PermissionError) and error.errno != errno.ENAMETOOLONG:
            raise
        raise UsageError(
            f"{str(error.filename)[:200]} cannot be read: {error.strerror}",
            hint="put it where this account may read it"
            if isinstance(error, PermissionError)
            else (),
        ) from error


def system_policy(options: Options, chosen: TargetDefinition) -> SystemPolicy:
    """Raises UsageError: the file of ``--system-packages-from`` cannot be used, or not for this target."""
    if options.system_packages_from is None:
        return SystemPolicy(find=options.find_system_packages)
    written = read_system_packages(options.system_packages_from, cwd=options.cwd)
    for reviewed in written:
        if reviewed.target in (None, chosen.name):
            return SystemPolicy(reviewed=reviewed)
    others = " and ".join(str(one.target) for one in written)
    raise UsageError(
        f"{written[0].source} is for {others}, whose packages may have other names "
        f"than {chosen.name}'s",
        hint=f"--target {written[0].target}, or a file that was reviewed for {chosen.name}",
    )


def refuse_foreign_lock(request: Request, target: Target) -> None:
    """A lock says which systems it is for (PEP 751).

    Raises:
        ResolutionError: The target is none of them.
    """
    python = target.python
    if request.requires_python is not None and not request.requires_python.contains(
        python.version, prereleases=True
    ):
        raise ResolutionError(
            f"the lock is for Python {request.requires_python}; {target.name} has {python.version}",
            hint="choose another --target, or make the lock for this one",
        )
    markers = python.marker_environment
    if request.environments and not any(m.evaluate(markers) for m in request.environments):
        raise ResolutionError(
            f"the lock is for other systems than {target.name}",
            said="\n".join(str(m) for m in request.environments),
            hint="choose another --target, or make the lock for this one",
        )
