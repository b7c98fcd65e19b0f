"""The table of contents: requirements → resolve → build → check → prove → seal."""

from __future__ import annotations

import contextlib
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from attrs import evolve, frozen
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from podwheel import failures, log
from podwheel.build.lookups import policy_of
from podwheel.build.portable import Portability
from podwheel.build.portable import tools as portability_tools
from podwheel.build.task import FIRST, NoSlots
from podwheel.errors import ResolutionError
from podwheel.failures import result, results
from podwheel.requirements.settings import FILE, misspelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from podwheel.build.errand import Prepared
    from podwheel.build.step import Built
    from podwheel.model import Pin, Resolution
    from podwheel.run import Run
    from podwheel.seal.made import Made
    from podwheel.seal.trust import Tool

_ROUNDS = 5
"""Resolutions after which wheels that disagree with their metadata are an error."""


def build(run: Run, *, output: Path, prove: bool, portable: bool = False) -> Made:
    """Build every wheel that the requirements need, prove them, and publish the wheelhouse.

    Args:
        portable: Put the shared libraries that they need into the wheels.

    Raises:
        PodwheelError: As its classes say. A wheelhouse that was there stays as it was.
    """
    from podwheel.seal import refuse_foreign
    from podwheel.seal.sealing import seal

    refuse_foreign(output)
    done = made(run, prove=prove, portable=portable)
    seal(output, [done])
    return done


def made(run: Run, *, prove: bool, portable: bool = False) -> Made:
    """Every wheel, built and proven, and nothing published."""
    from podwheel import proving
    from podwheel.seal.made import Made

    if prove:
        proving.pip_task(run)  # these are brought while others are built
    if portable:
        portability_tools(run.builder)
    with _misspelt_told(run):
        resolution, built = resolved_and_built(run, comparing=prove)
    if portable:
        built = ported(run, resolution, built)
    server, verdict = proving.proven(run, built) if prove else (proving.needed(run, built), None)
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
        fit=proving.held_against_target(run, [b.wheel for b in built], server),
    )


def _tools(run: Run, *, proven: bool, portable: bool) -> tuple[Tool, ...]:
    """Upstream's wheels that podwheel itself worked with."""
    from podwheel.proving import pip_of_target
    from podwheel.seal.trust import Tool

    tools = []
    if proven:
        tools.append(Tool(wheel=pip_of_target(run), note="proves the wheels"))
    if portable:
        note = "--portable: puts libraries into the wheels"
        tools += [Tool(wheel=w, note=note) for w in result(run, portability_tools(run.builder))]
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
    resolution: Resolution = result(run, task)
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
    return results(run, tasks)


def ported(run: Run, resolution: Resolution, built: Sequence[Built]) -> tuple[Built, ...]:
    """The wheels with the shared libraries that they need put in; upstream's stay as they are.

    Raises:
        NotPortable: auditwheel refuses one.
    """
    maker = Portability(
        workshop=run.workshop,
        tools=result(run, portability_tools(run.builder)),
        beside=tuple(b.wheel for b in built),
    )
    made = results(
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
    from podwheel.proving import pip_of_target

    resolution = resolved(run)
    sources = [pin for pin in resolution.pins if not pin.is_wheel]
    wheels = [pin for pin in resolution.pins if pin.is_wheel]
    results(run, [run.builder.wheel(pin, resolution) for pin in wheels])
    prepared = results(run, [run.builder.prepare(pin, resolution) for pin in sources])
    pip_of_target(run)
    if portable:
        result(run, portability_tools(run.builder))
    return prepared


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
