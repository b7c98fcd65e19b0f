"""The table of contents: requirements → resolve → build → check → prove → seal."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from attrs import frozen
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from podwheel import failures, log
from podwheel.build.lookups import policy_of
from podwheel.build.schedule import NoSlots
from podwheel.errors import ResolutionError
from podwheel.model import Format, Formats, Origin, Wanted
from podwheel.prove.lost import find_lost
from podwheel.prove.verdict import Verdict
from podwheel.prove.verify import Verifier
from podwheel.seal import refuse_foreign
from podwheel.seal.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from podwheel.build.errand import Prepared
    from podwheel.build.schedule import Task
    from podwheel.build.step import Built
    from podwheel.model import Pin, Resolution, Wheel
    from podwheel.run import Run

_ROUNDS = 5
"""Resolutions after which wheels that disagree with their metadata are an error."""


@frozen(kw_only=True)
class Outcome:
    """A run that built everything."""

    resolution: Resolution
    built: tuple[Built, ...]
    """One a pin, sorted by name."""
    verdict: Verdict | None
    """None: verification was turned off."""


def build(run: Run, *, output: Path, prove: bool) -> Outcome:
    """Build every wheel that the requirements need, prove them, and publish the wheelhouse.

    Raises:
        PodwheelError: As its classes say. A wheelhouse that was there stays as it was.
    """
    refuse_foreign(output)
    resolution, built = resolved_and_built(run)
    verdict = proven(run, built) if prove else None
    seal(run.workshop, output, resolution=resolution, built=built, verdict=verdict)
    return Outcome(resolution=resolution, built=built, verdict=verdict)


def resolved_and_built(run: Run) -> tuple[Resolution, tuple[Built, ...]]:
    """Resolve and build; where a wheel's own metadata differs, its word counts, and again."""
    for round_number in range(_ROUNDS):
        resolution = resolved(run, again=round_number)
        built = all_built(run, resolution)
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
    )
    resolution: Resolution = _result(run, task)
    log.get().info("resolve.done", packages=len(resolution.pins))
    if request.wanted and not resolution.pins:
        log.get().warning("resolve.nothing", target=run.workshop.target.name)
    return resolution


def all_built(run: Run, resolution: Resolution) -> tuple[Built, ...]:
    """Every wheel of the tree; one failure does not stop what does not depend on it.

    Raises:
        BuildsFailed: Some could not be built; each failure is told once.
    """
    return _results(run, [run.builder.wheel(pin, resolution.pins) for pin in resolution.pins])


def fetched(run: Run) -> tuple[Prepared, ...]:
    """Everything that a later ``build --offline`` of the same request needs, without building it."""
    resolution = resolved(run)
    sources = [pin for pin in resolution.pins if not pin.is_wheel]
    wheels = [pin for pin in resolution.pins if pin.is_wheel]
    _results(run, [run.builder.wheel(pin, resolution.pins) for pin in wheels])
    prepared = _results(run, [run.builder.prepare(pin, resolution.pins) for pin in sources])
    pip_of_target(run)
    return prepared


def proven(run: Run, built: Sequence[Built]) -> Verdict:
    """Install and import everything in the pristine target.

    Raises:
        VerificationFailed: Something does not install or import; each is named.
    """
    if not built:  # pip does not install nothing
        return Verdict(installed=True, consistent=True, said="", proofs=())
    index, python = run.workshop.index, run.workshop.target.python
    lost = find_lost(built, index=index, python=python)
    verdict = verified(run, [b.wheel for b in built], lost=lost)
    for name, theirs in lost.items():
        log.get().warning(
            "verify.lost_extensions",
            message=f"{name} was built without the compiled part that upstream's {theirs} has",
        )
    return verdict


def verified(
    run: Run, wheels: Sequence[Wheel], *, lost: dict[str, str], anew: bool = False
) -> Verdict:
    """The verdict on a set of wheels, if it is good.

    Args:
        lost: Of `find_lost`.
        anew: Prove it again, also where it was proven before.

    Raises:
        VerificationFailed: It is not.
    """
    verifier = Verifier(
        workshop=run.workshop, pip=pip_of_target(run), slots=min(run.options.jobs, len(wheels) or 1)
    )
    verdict = verifier.verify(wheels, lost=lost, anew=anew)
    if not verdict.ok:
        raise failures.of_verdict(verdict, run.workshop.logs, no_deps=run.request.no_deps)
    return verdict


def pip_of_target(run: Run) -> Wheel:
    """A wheel of pip that runs on the target's Python: the pristine server has none."""
    wanted = Wanted(
        origin=Origin(source="verification"), text="pip", requirement=Requirement("pip")
    )
    policy = policy_of(run.request, formats=Formats(default=Format.WHEEL))
    task = run.workshop.scheduler.task(
        "pip",
        "resolve pip",
        lambda: run.builder.lookups.resolution(
            [wanted], constraints=run.request.build_constraints, policy=policy
        ),
    )
    resolution: Resolution = _result(run, task)
    return run.builder.upstream(resolution.pins[0])


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
    tasks = {pin: run.builder.wheel(pin, resolution.pins) for pin in resolution.pins}
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
