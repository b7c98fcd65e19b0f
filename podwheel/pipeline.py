"""The table of contents: requirements → resolve → build → check → prove → seal."""

from __future__ import annotations

import contextlib
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from podwheel import failures, log
from podwheel.build.lookups import limits_of_tools, policy_of
from podwheel.build.lost import find_lost
from podwheel.build.portable import Portability
from podwheel.build.portable import tools as portability_tools
from podwheel.build.schedule import FIRST, NoSlots
from podwheel.errors import ResolutionError
from podwheel.model import Format, Formats, Origin, Wanted
from podwheel.prove.against import held_against, newer_glibc, unfit_wheels
from podwheel.prove.needs import Needs
from podwheel.prove.undeclared import NOTHING
from podwheel.prove.verdict import Verdict
from podwheel.prove.verify import Verifier
from podwheel.requirements.settings import FILE, misspelt
from podwheel.seal import refuse_foreign
from podwheel.seal.made import Made
from podwheel.seal.sealing import seal
from podwheel.seal.trust import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from podwheel.build.errand import Prepared
    from podwheel.build.schedule import Steps, Task
    from podwheel.build.step import Built
    from podwheel.model import Image, Pin, Resolution, Wheel
    from podwheel.prove.against import Fit
    from podwheel.prove.server import Server
    from podwheel.prove.undeclared import BuiltWith
    from podwheel.run import Run
    from podwheel.targets.capture import Capture, CapturedPython

_ROUNDS = 5
"""Resolutions after which wheels that disagree with their metadata are an error."""


def build(run: Run, *, output: Path, prove: bool, portable: bool = False) -> Made:
    """Build every wheel that the requirements need, prove them, and publish the wheelhouse.

    Args:
        portable: Put the shared libraries that they need into the wheels.

    Raises:
        PodwheelError: As its classes say. A wheelhouse that was there stays as it was.
    """
    refuse_foreign(output)
    done = made(run, prove=prove, portable=portable)
    seal(output, [done])
    return done


def made(run: Run, *, prove: bool, portable: bool = False) -> Made:
    """Every wheel, built and proven, and nothing published."""
    if prove:
        _pip(run)  # these are brought while others are built
    if portable:
        portability_tools(run.builder)
    with _misspelt_told(run):
        resolution, built = resolved_and_built(run, comparing=prove)
    if portable:
        built = ported(run, resolution, built)
    server, verdict = proven(run, built) if prove else (needed(run, built), None)
    return Made(
        workshop=run.workshop,
        resolution=resolution,
        built=built,
        server=server,
        supplied=run.builder.supplies.supplied,
        verdict=verdict,
        origins=run.builder.origins,
        tools=_tools(run, proven=verdict is not None and bool(built), portable=portable),
        compilations=run.builder.caches.asked,
        fit=held_against_target(run, [b.wheel for b in built], server),
    )


def _tools(run: Run, *, proven: bool, portable: bool) -> tuple[Tool, ...]:
    """Upstream's wheels that podwheel itself worked with."""
    tools = []
    if proven:
        tools.append(Tool(wheel=pip_of_target(run), note="proves the wheels"))
    if portable:
        note = "--portable: puts libraries into the wheels"
        tools += [Tool(wheel=w, note=note) for w in _result(run, portability_tools(run.builder))]
    return tuple(tools)


@contextlib.contextmanager
def _misspelt_told(run: Run) -> Iterator[None]:
    """Afterwards, tables of podwheel.toml that went unheard; they may be why something failed."""
    try:
        yield
    finally:
        for name, near in misspelt(run.settings, run.builder.met):
            file = run.settings.path.name if run.settings.path else FILE
            log.get().warning("settings.misspelt", name=name, file=file, near=near)


def resolved_and_built(
    run: Run, *, comparing: bool = False
) -> tuple[Resolution, tuple[Built, ...]]:
    """Resolve and build; where a wheel's own metadata differs, its word counts, and again.

    Args:
        comparing: Look at upstream's wheels meanwhile, which `proven` asks for.
    """
    for round_number in range(_ROUNDS):
        resolution = resolved(run, again=round_number)
        built = all_built(run, resolution, comparing=comparing)
        if not run.builder.lookups.surprises(resolution, built):
            return resolution, built
    raise ResolutionError(
        f"after {_ROUNDS} resolutions, wheels still require something else than their sources said",
        hint="the log calls them metadata.differs; pin what they require with a constraint (-c)",
    )


def resolved(run: Run, *, again: int = 0) -> Resolution:
    """The runtime tree for the target.

    Args:
        again: Which repetition it is: a kept answer serves only the first.
    """
    request, lookups = run.request, run.builder.lookups
    log.get().debug("resolve.start", requirements=len(request.wanted))
    task = run.workshop.scheduler.task(
        f"resolve {again}",
        "resolve the requirements",
        lambda: lookups.resolution(
            request.wanted,
            constraints=request.constraints,
            policy=policy_of(request),
            fresh=again > 0,
        ),
        expected=FIRST,
    )
    resolution: Resolution = _result(run, task)
    log.get().info("resolve.done", packages=len(resolution.pins))
    if request.wanted and not resolution.pins:
        log.get().warning("resolve.nothing", target=run.workshop.target.name)
    return resolution


def all_built(run: Run, resolution: Resolution, *, comparing: bool) -> tuple[Built, ...]:
    """Every wheel of the tree; one failure does not stop what does not depend on it.

    Raises:
        BuildsFailed: Some could not be built; each failure is told once.
    """
    tasks = [run.builder.wheel(pin, resolution) for pin in resolution.pins]
    if comparing:  # what is looked up is kept by the index
        for task in tasks:
            run.builder.comparison(task)
    return _results(run, tasks)


def ported(run: Run, resolution: Resolution, built: Sequence[Built]) -> tuple[Built, ...]:
    """The wheels with the shared libraries that they need put in; upstream's stay as they are.

    Raises:
        NotPortable: auditwheel refuses one.
    """
    maker = Portability(
        workshop=run.workshop,
        tools=_result(run, portability_tools(run.builder)),
        beside=tuple(b.wheel for b in built),
    )
    made = _results(
        run,
        [
            maker.task(one, wanted_by=pin.wanted_by)
            for pin, one in zip(resolution.pins, built, strict=True)
        ],
    )
    return tuple(
        evolve(one, wheel=done.wheel, ported=done, notes=(*one.notes, *done.notes))
        for one, done in zip(built, made, strict=True)
    )


def fetched(run: Run, *, portable: bool = False) -> tuple[Prepared, ...]:
    """Everything that a later ``build --offline`` of the same request needs, without building it."""
    resolution = resolved(run)
    sources = [pin for pin in resolution.pins if not pin.is_wheel]
    wheels = [pin for pin in resolution.pins if pin.is_wheel]
    _results(run, [run.builder.wheel(pin, resolution) for pin in wheels])
    prepared = _results(run, [run.builder.prepare(pin, resolution) for pin in sources])
    pip_of_target(run)
    if portable:
        _result(run, portability_tools(run.builder))
    return prepared


def needed(run: Run, built: Sequence[Built]) -> Server:
    """What a server needs beside the wheels of a run."""
    images = [b.image for b in built if b.image is not None]
    return server_of(run, [b.wheel for b in built], images)


def server_of(run: Run, wheels: Sequence[Wheel], images: Sequence[Image] = ()) -> Server:
    """What a server needs beside *wheels*, as far as their libraries and podwheel.toml say.

    Args:
        images: Those in which they were built, where that is known.
    """
    return _needs(run).server(wheels, images)


def proven(run: Run, built: Sequence[Built]) -> tuple[Server, Verdict]:
    """Install and import everything in the pristine target, with what a server is said to need.

    Raises:
        VerificationFailed: Something does not install or import; each is named.
    """
    server = needed(run, built)
    if not built:  # pip does not install nothing
        return server, Verdict(installed=True, consistent=True, said="", proofs=())
    index, python = run.workshop.index, run.workshop.target.python
    lost = find_lost(built, index=index, python=python)
    wheels = [b.wheel for b in built]
    told = {name: str(one) for name, one in lost.items()}
    built_with = {
        b.wheel.name: frozenset(canonicalize_name(name) for name, _, _ in b.step.environment)
        for b in built
        if b.step is not None
    }
    server, verdict = verified(run, wheels, server=server, lost=told, built_with=built_with)
    for name, one in lost.items():
        log.get().warning(
            "verify.lost_extensions",
            message=f"{name} was built without {one.what}: upstream's {one.theirs} has it",
        )
    return server, verdict


def verified(
    run: Run,
    wheels: Sequence[Wheel],
    *,
    server: Server,
    lost: dict[str, str],
    built_with: BuiltWith = NOTHING,
    anew: bool = False,
) -> tuple[Server, Verdict]:
    """The verdict on a set of wheels, if it is good, and the server that it holds for.

    Where an import fails for a library that it loads by itself, that library's package is added,
    and everything proven again.

    Args:
        lost: Of `find_lost`.
        built_with: What is known of their build environments (`prove.undeclared`).
        anew: Prove it again, also where it was proven before.

    Raises:
        VerificationFailed: It is not.
    """
    pip, slots = pip_of_target(run), min(run.options.jobs, len(wheels) or 1)
    for _ in range(_ROUNDS):
        image = _image_of(run, server)
        verifier = Verifier(workshop=run.workshop, pip=pip, slots=slots, image=image)
        verdict = verifier.verify(wheels, lost=lost, built_with=built_with, anew=anew)
        more = None if verdict.ok else _needs(run).loaded(verdict, wheels, server)
        if more is None:
            break
        log.get().info("verify.loads", packages=sorted({*more.lacking} - {*server.lacking}))
        server = more
    if not verdict.ok:
        raise failures.of_verdict(
            verdict,
            run.workshop.logs,
            wheels=wheels,
            line=server.line,
            no_deps=run.request.no_deps,
        )
    _needs(run).keep(wheels, server)
    return server, verdict


def held_against_target(run: Run, wheels: Sequence[Wheel], server: Server) -> Fit | None:
    """How wheels fit the server that the target replicates; None: it replicates none."""
    definition = run.workshop.definition
    python = definition.capture.python(definition.python) if definition.capture else None
    if definition.capture is None or python is None:
        return None
    return held_against_server(run, wheels, server, capture=definition.capture, python=python)


def held_against_server(
    run: Run, wheels: Sequence[Wheel], server: Server, *, capture: Capture, python: CapturedPython
) -> Fit:
    """How wheels, and what they need, fit a captured server."""
    needs = _needs(run)
    unfit = (
        *unfit_wheels(wheels, capture, python),
        *newer_glibc(wheels, capture, objects=needs.objects),
    )
    replicated = run.workshop.definition.capture is not None
    return held_against(
        server,
        capture,
        proven=needs.versions(server),
        family="" if replicated else needs.family(server),
        unfit=unfit,
    )


def _needs(run: Run) -> Needs:
    return Needs(workshop=run.workshop, supplies=run.builder.supplies)


def _image_of(run: Run, server: Server) -> Image:
    """The pristine target with the packages that the server is said to need, and nothing else."""
    shop = run.workshop
    packages = server.lacking if shop.system.find else server.configured
    return shop.target.runtime if not packages else shop.images.for_server(packages)


def pip_of_target(run: Run) -> Wheel:
    """A wheel of pip that runs on the target's Python: the pristine server has none."""
    wheel: Wheel = _result(run, _pip(run))
    return wheel


def _pip(run: Run) -> Task[Wheel]:
    wanted = Wanted(
        origin=Origin(source="verification"), text="pip", requirement=Requirement("pip")
    )

    def steps() -> Steps[Wheel]:
        resolution = yield from run.builder.lookups.resolution(
            [wanted],
            constraints=limits_of_tools(run.request),
            policy=policy_of(run.request, formats=Formats(default=Format.WHEEL)),
        )
        return run.builder.upstream(resolution.pins[0])

    return run.workshop.scheduler.task("pip", "resolve pip", steps)


@frozen(kw_only=True)
class Planned:
    """One line of ``podwheel plan``."""

    pin: Pin
    how: str
    """``build``, ``upstream`` or ``store``."""
    requires: tuple[str, ...]
    """``build-system.requires``; the rest is known only when its backend is asked."""


def planned(run: Run) -> tuple[Planned, ...]:
    """The steps that `build` would take, in an order in which they can be taken.

    Only what a backend must be asked to resolve at all runs in a container.
    """
    resolution = resolved(run)
    run.workshop.scheduler.withhold()
    tasks = {pin: run.builder.wheel(pin, resolution) for pin in resolution.pins}
    for task in tasks.values():
        run.workshop.scheduler.wait(task)
    failures.raise_failed(list(tasks.values()), but=NoSlots)
    lines = {
        pin.name: Planned(
            pin=pin,
            how="upstream" if pin.is_wheel else "build" if task.error else "store",
            requires=run.builder.static_requires(pin),
        )
        for pin, task in tasks.items()
    }
    return tuple(lines[name] for name in _in_order(lines))


def _in_order(lines: Mapping[NormalizedName, Planned]) -> list[NormalizedName]:
    """Names, each after those of the tree that its build requires; a circle ends in name order."""
    needs = {
        name: sorted({canonicalize_name(Requirement(r).name) for r in line.requires} & lines.keys())
        for name, line in sorted(lines.items())
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError:
        return sorted(lines)


def _result(run: Run, task: Task[Any]) -> Any:
    return _results(run, [task])[0]


def _results(run: Run, tasks: Sequence[Task[Any]]) -> tuple[Any, ...]:
    """Wait for all; raise what went wrong, each root cause once."""
    for task in tasks:
        run.workshop.scheduler.wait(task)
    failures.raise_failed(tasks)
    return tuple(task.value() for task in tasks)
