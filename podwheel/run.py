"""One run: opened from options, closed whatever happens.

Opening brings together what the steps share (`build.workshop.Workshop`); closing ends every
container of the run, also after Ctrl-C, and leaves no half-made file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from podwheel import log, process
from podwheel.archives import check_build_tag
from podwheel.build.builder import Builder
from podwheel.build.images import RunImages
from podwheel.build.schedule import Scheduler
from podwheel.build.seeds import where_to_cut
from podwheel.build.workshop import HostRust, SystemPolicy, Workshop
from podwheel.errors import ResolutionError, RunningAsRoot, ToolFailed, UsageError
from podwheel.index import Index
from podwheel.index.once import Once
from podwheel.model import Freshness
from podwheel.prove.baseline import refuse_settings
from podwheel.requirements import Arguments, load_settings, read, read_system_packages
from podwheel.rust import Registries, read_configuration
from podwheel.sandbox.job import Limits
from podwheel.sandbox.session import Sandbox
from podwheel.store import Store
from podwheel.store.store import remove_tree
from podwheel.targets import definition, images, replica
from podwheel.targets.fileindex import file_index
from podwheel.toolchains.host import directories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from podwheel.model import Request, Target
    from podwheel.settings import Settings
    from podwheel.targets.definition import TargetDefinition

_KEPT_RUNS = 100


@frozen(kw_only=True)
class Options:
    """What the command line said beside the requirements themselves; plain values."""

    arguments: Arguments
    environ: Mapping[str, str]
    cwd: Path
    store: Path
    config: Path | None = None
    target: str | None = None
    freshness: Freshness = Freshness.NORMAL
    jobs: int = field(factory=lambda: len(os.sched_getaffinity(0)))
    """How many jobs run at once, over all containers."""
    limits: Limits = field(factory=Limits)
    build_tag: str | None = None
    build_deps: Literal["wheel", "source"] = "wheel"
    """What build requirements are: upstream's wheels where they fit, or built as well."""
    rust: str | None = None
    """A Rust toolchain of this host: a path, or rustup's name of one."""
    remedies: bool = True
    find_system_packages: bool = True
    system_packages_from: str | None = None


@frozen(kw_only=True)
class Run:
    """What the pipeline's lines work with."""

    options: Options
    request: Request
    settings: Settings
    workshop: Workshop
    builder: Builder


@contextlib.contextmanager
def opened(options: Options) -> Iterator[Run]:
    """Read what was asked, make the target ready, and hand out the run's tools.

    Raises:
        UsageError: Requirements, settings or the target's document cannot be used.
        HostError: podwheel cannot work on this host.
    """
    refuse_root()
    if options.build_tag is not None:
        check_build_tag(options.build_tag)
    store = Store(options.store)
    run_id = _new_id()
    logs = store.root / "logs" / run_id
    log.add_file(logs / "run.jsonl")
    settings, request, system, chosen = _asked(options)
    log.get().info("run.start", run=run_id, target=chosen.name)
    forget_old_runs(store)
    store.sweep()
    with contextlib.ExitStack() as closing:
        sandbox = Sandbox(run_id=run_id, work=logs)
        from_source = options.build_deps == "source"
        scheduler = Scheduler(
            slots=options.jobs,
            fifos=logs / "jobs",
            told=where_to_cut(settings.seeds if from_source else ()),
        )
        closing.callback(_close, scheduler, sandbox)  # making the target starts processes as well
        target = images.prepare(chosen, store=store, sandbox=sandbox, assume_present=True)
        replica.refuse_unlike(chosen, target)
        refuse_foreign_lock(request, target)
        index = closing.enter_context(
            Index(
                indexes=request.indexes,
                network=request.network,
                store=store,
                freshness=options.freshness,
            )
        )
        workshop = Workshop(
            run_id=run_id,
            store=store,
            index=index,
            sandbox=sandbox,
            scheduler=scheduler,
            definition=chosen,
            target=target,
            images=_run_images(target, chosen, store, sandbox),
            request=request,
            settings=settings,
            system=system,
            freshness=options.freshness,
            logs=logs,
            limits=options.limits,
            jobs=options.jobs,
            build_tag=options.build_tag,
            from_source=from_source,
            registries=closing.enter_context(
                contextlib.closing(_registries(options, settings, request, index, store))
            ),
            rust=_host_rust(options, settings),
            remedies=options.remedies,
        )
        yield Run(
            options=options,
            request=request,
            settings=settings,
            workshop=workshop,
            builder=Builder(workshop=workshop),
        )


def _asked(options: Options) -> tuple[Settings, Request, SystemPolicy, TargetDefinition]:
    """What the files, the options and the environment ask for; nothing is looked up."""
    with _telling_closed_paths():
        settings = load_settings(options.config, cwd=options.cwd)
        request = read(
            options.arguments, environ=options.environ, cwd=options.cwd, settings=settings
        )
        name = options.target or settings.target or definition.DEFAULT
        chosen = definition.load(name, cwd=options.cwd)
        refuse_settings(settings, chosen.capture)
        return settings, request, _system_policy(options, chosen), chosen


def _system_policy(options: Options, chosen: TargetDefinition) -> SystemPolicy:
    """Raises UsageError: the file of ``--system-packages-from`` cannot be used, or not for this target."""
    if options.system_packages_from is None:
        return SystemPolicy(find=options.find_system_packages)
    reviewed = read_system_packages(options.system_packages_from, cwd=options.cwd)
    if reviewed.target not in (None, chosen.name):
        raise UsageError(
            f"{reviewed.source} is for {reviewed.target}, whose packages may have other names "
            f"than {chosen.name}'s",
            hint=f"--target {reviewed.target}, or a file that was reviewed for {chosen.name}",
        )
    return SystemPolicy(reviewed=reviewed)


def _registries(
    options: Options, settings: Settings, request: Request, index: Index, store: Store
) -> Registries:
    """Where crates are, as podwheel.toml and the user's own cargo configuration say."""
    return Registries(
        index=index,
        network=request.network,
        store=store,
        freshness=options.freshness,
        configuration=read_configuration(options.environ),
        mirrors=settings.cargo_mirrors,
    )


def _host_rust(options: Options, settings: Settings) -> HostRust:
    places = directories(options.environ)
    if options.rust is not None:
        return HostRust(places=places, named=options.rust, cwd=options.cwd)
    return HostRust(
        places=places,
        named=settings.rust,
        source=f"[toolchain] of {settings.path}",
        cwd=options.cwd,
    )


@contextlib.contextmanager
def _telling_closed_paths() -> Iterator[None]:
    """Before Python 3.14 even `Path.exists` raises for what lies in a directory that is closed to us:
    root's home, for the account that root hands over to.

    Raises:
        UsageError: A path that the user named cannot be looked at.
    """
    try:
        yield
    except PermissionError as error:
        raise UsageError(
            f"{error.filename} cannot be read: {error.strerror}",
            hint="put it where this account may read it",
        ) from error


def _run_images(
    target: Target, chosen: TargetDefinition, store: Store, sandbox: Sandbox
) -> RunImages:
    ready = Once(lambda: _still_the_same(target, chosen, store, sandbox)).get
    return RunImages(definition=chosen, target=target, store=store, ready=ready)


def _still_the_same(
    target: Target, chosen: TargetDefinition, store: Store, sandbox: Sandbox
) -> None:
    """Before the first container: the images that the store remembers are there, or made again.

    Raises:
        ToolFailed: They had to be made again and are other images now: steps were named by the old.
    """
    if images.prepare(chosen, store=store, sandbox=sandbox).fingerprint != target.fingerprint:
        raise ToolFailed(
            f"the images of {target.name} were gone and have been made again, from newer packages",
            hint="the same command, once more, works with the new ones",
        )


def _close(scheduler: Scheduler, sandbox: Sandbox) -> None:
    scheduler.stop()
    sandbox.reap()
    process.end_children()
    scheduler.join(timeout=4)  # who waits for a network still holds at most a download in progress


def build_target(chosen: TargetDefinition, *, store: Path, refresh: bool) -> Target:
    """Make a target's images and the index of its distribution's files, or find them made.

    Raises:
        HostError: They cannot be made here.
    """
    refuse_root()
    kept = Store(store)
    run_id = _new_id()
    logs = kept.root / "logs" / run_id
    log.add_file(logs / "run.jsonl")
    sandbox = Sandbox(run_id=run_id, work=logs)
    try:
        target = images.prepare(chosen, store=kept, sandbox=sandbox, refresh=refresh)
        replica.refuse_unlike(chosen, target)
        file_index(chosen, target, store=kept, refresh=refresh)
        return target
    finally:
        sandbox.reap()


def _new_id() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def refuse_root() -> None:
    """Rootless is the point.

    Raises:
        RunningAsRoot: We are the host's real root. Root inside a user namespace is fine: its
            id map is not the whole range.
    """
    if os.geteuid() != 0:
        return
    with open("/proc/self/uid_map", encoding="ascii") as mapped:  # noqa: PTH123 - one line of /proc
        if mapped.read().split() != ["0", "0", "4294967295"]:
            return
    raise RunningAsRoot(
        "podwheel does not run as root: the code of packages would run as root's subordinate at best",
        hint=[
            "run it as an ordinary account with subordinate ids",
            "in a CI container that is root, scripts/prepare-host makes such an account; then, in a checkout:",
            "scripts/as-builder sh -c '$(scripts/setup-venv)/bin/podwheel build -r requirements.txt'",
        ],
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


def forget_old_runs(store: Store) -> None:
    """Keep the logs of the last hundred runs."""
    runs = sorted((store.root / "logs").iterdir(), key=lambda path: path.name)
    for old in runs[:-_KEPT_RUNS]:
        remove_tree(old)
