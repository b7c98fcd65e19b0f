"""What a server needs beside the wheels of a run, and the proof that they work there.

The pipeline's last lines before it seals. Imported when they are reached: what only resolves,
or ends with an error before, goes without prove/ and syslibs/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from podwheel import failures, log
from podwheel.build.lookups import limits_of_tools, policy_of
from podwheel.build.lost import find_lost
from podwheel.model import Format, Formats, Origin, Wanted
from podwheel.prove.against import held_against, newer_glibc, unfit_wheels
from podwheel.prove.needs import Needs
from podwheel.prove.undeclared import NOTHING
from podwheel.prove.verdict import Verdict
from podwheel.prove.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.build.step import Built
    from podwheel.build.task import Steps, Task
    from podwheel.model import Image, Wheel
    from podwheel.prove.against import Fit
    from podwheel.prove.server import Server
    from podwheel.prove.undeclared import BuiltWith
    from podwheel.run import Run
    from podwheel.targets.capture import Capture, CapturedPython

_ROUNDS = 5
"""Proofs, each with one more library that an import was found to load, after which it is an error."""


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
    wheel: Wheel = failures.result(run, pip_task(run))
    return wheel


def pip_task(run: Run) -> Task[Wheel]:
    """The task that brings it (`pip_of_target`)."""
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
