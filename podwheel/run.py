"""One command's runs, one for each target: opened from options, closed whatever happens.

Opening brings together what the steps share (`build.workshop.Workshop`); closing ends every
container, also after Ctrl-C, and leaves no half-made file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from typing import TYPE_CHECKING

from attrs import field, frozen

from podwheel import log, process
from podwheel.archives import check_build_tag
from podwheel.asked import Options, asked, refuse_foreign_lock, shared_store, system_policy
from podwheel.build.builder import Builder
from podwheel.build.costs import available_memory
from podwheel.build.images import RunImages
from podwheel.build.schedule import Scheduler
from podwheel.build.seeds import where_to_cut
from podwheel.build.shared import SharedSteps
from podwheel.build.workshop import HostRust, Workshop
from podwheel.errors import RunningAsRoot, ToolFailed, UsageError
from podwheel.index import Index
from podwheel.index.once import Once
from podwheel.rust import Registries, read_configuration
from podwheel.sandbox.capacity import limits_of
from podwheel.sandbox.session import Sandbox
from podwheel.store import Store
from podwheel.store.store import remove_tree
from podwheel.sweep import attempt_of, sweep
from podwheel.targets import images, replica
from podwheel.targets.fileindex import file_index
from podwheel.toolchains.host import directories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from podwheel.index.shared import SharedStore
    from podwheel.model import Request, Target
    from podwheel.settings import Settings
    from podwheel.targets.definition import TargetDefinition

_KEPT_RUNS = 100


@frozen(kw_only=True)
class Run:
    """What the pipeline's lines work with: one target's."""

    options: Options
    request: Request
    settings: Settings
    workshop: Workshop
    builder: Builder


@frozen(kw_only=True)
class Session:
    """What one command's runs share, one for each target: the store, the index, the sandbox.

    What one target's run has asked of an index, or downloaded, no later one asks for again.
    """

    options: Options
    run_id: str
    store: Store
    logs: Path
    work: Path
    """What is only for its own time: an attempt of the store."""
    settings: Settings
    request: Request
    targets: tuple[TargetDefinition, ...]
    """At least one; their names differ."""
    sandbox: Sandbox
    index: Index
    registries: Registries
    shared: SharedStore | None
    """The store of others that is looked into; None: none was named."""
    schedulers: list[Scheduler] = field(factory=list)

    def run(self, chosen: TargetDefinition) -> Run:
        """Make one of the targets ready, and hand out its run's tools; they are put away with the session.

        Raises:
            UsageError: What was asked is not for this target.
            HostError: Its images cannot be made here.
        """
        options, from_source = self.options, self.options.build_deps == "source"
        system = system_policy(options, chosen)
        logs = self._logs_of(chosen)
        scheduler = Scheduler(
            slots=options.jobs,
            fifos=self.work / f"jobs-{chosen.name}",
            told=where_to_cut(self.settings.seeds if from_source else ()),
            memory=available_memory(),
        )
        self.schedulers.append(scheduler)
        if len(self.targets) > 1:
            log.get().info("target.start", target=chosen.name)
        target = images.prepare(chosen, store=self.store, sandbox=self.sandbox, assume_present=True)
        replica.refuse_unlike(chosen, target)
        refuse_foreign_lock(self.request, target)
        workshop = Workshop(
            run_id=self.run_id,
            store=self.store,
            index=self.index,
            sandbox=self.sandbox,
            scheduler=scheduler,
            definition=chosen,
            target=target,
            images=_run_images(target, chosen, self.store, self.sandbox),
            request=self.request,
            settings=self.settings,
            system=system,
            freshness=options.freshness,
            logs=logs,
            limits=limits_of(options.jobs, self.settings.limits, options.limits),
            jobs=options.jobs,
            build_tag=options.build_tag,
            from_source=from_source,
            shared=SharedSteps(store=self.store, shared=self.shared, python=target.python),
            registries=self.registries,
            rust=_host_rust(options, self.settings),
            remedies=options.remedies,
            ccache=self.settings.ccache if options.ccache is None else options.ccache,
        )
        return Run(
            options=options,
            request=self.request,
            settings=self.settings,
            workshop=workshop,
            builder=Builder(workshop=workshop),
        )

    def _logs_of(self, chosen: TargetDefinition) -> Path:
        """Steps of two targets have the same names."""
        if len(self.targets) == 1:
            return self.logs
        place = self.logs / chosen.name
        place.mkdir(exist_ok=True)
        return place


@contextlib.contextmanager
def opened(options: Options) -> Iterator[Run]:
    """The run of a command that is for one target. Raises as `session` and `Session.run` do.

    Raises:
        UsageError: Several were named.
    """
    with session(options) as shared:
        if len(shared.targets) > 1:
            raise UsageError(
                f"one target is wanted here, not {', '.join(t.name for t in shared.targets)}",
                hint=f"--target {shared.targets[0].name}",
            )
        yield shared.run(shared.targets[0])


@contextlib.contextmanager
def session(options: Options) -> Iterator[Session]:
    """Read what was asked, and hand out what the runs share.

    Raises:
        UsageError: Requirements, settings or a target's document cannot be used.
        HostError: podwheel cannot work on this host.
    """
    refuse_root()
    if options.build_tag is not None:
        check_build_tag(options.build_tag)
    store = Store(options.store)
    sweep(store)  # before anything is written: what is swept may be what fills the disk
    with store.running(), contextlib.ExitStack() as closing:
        run_id = _new_id()
        logs = store.root / "logs" / run_id
        log.add_file(logs / "run.jsonl")
        settings, request, targets = asked(options)
        log.get().info("run.start", run=run_id, targets=[t.name for t in targets])
        forget_old_runs(store)
        work = closing.enter_context(store.attempt(attempt_of(run_id)))
        sandbox = Sandbox(run_id=run_id, work=work)
        schedulers: list[Scheduler] = []
        closing.callback(_close, schedulers, sandbox)  # making a target starts processes as well
        index = closing.enter_context(
            Index(
                indexes=request.indexes,
                network=request.network,
                store=store,
                freshness=options.freshness,
            )
        )
        registries = _registries(options, settings, request, index, store)
        where = shared_store(options, settings)
        yield Session(
            options=options,
            shared=None if where is None else index.shared(where),
            run_id=run_id,
            store=store,
            logs=logs,
            work=work,
            settings=settings,
            request=request,
            targets=targets,
            sandbox=sandbox,
            index=index,
            registries=closing.enter_context(contextlib.closing(registries)),
            schedulers=schedulers,
        )


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


def _close(schedulers: Sequence[Scheduler], sandbox: Sandbox) -> None:
    for scheduler in schedulers:
        scheduler.stop()
    sandbox.reap()
    process.end_children()
    for scheduler in schedulers[-1:]:  # those before it have nothing in work
        scheduler.join(timeout=4)  # who waits for a network still holds at most a download


def build_target(chosen: TargetDefinition, *, store: Path, refresh: bool) -> Target:
    """Make a target's images and the index of its distribution's files, or find them made.

    Raises:
        HostError: They cannot be made here.
    """
    refuse_root()
    kept = Store(store)
    run_id = _new_id()
    logs = kept.root / "logs" / run_id
    sweep(kept)
    log.add_file(logs / "run.jsonl")
    with kept.running(), kept.attempt(attempt_of(run_id)) as work:
        sandbox = Sandbox(run_id=run_id, work=work)
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


def forget_old_runs(store: Store) -> None:
    """Keep the logs of the last hundred runs."""
    runs = sorted((store.root / "logs").iterdir(), key=lambda path: path.name)
    for old in runs[:-_KEPT_RUNS]:
        remove_tree(old)
