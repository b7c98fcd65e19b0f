"""``podwheel verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, frozen

from podwheel.cli import options, tables
from podwheel.errors import UsageError, WheelhouseUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.asked import Options
    from podwheel.model import Wheel
    from podwheel.prove.against import Fit
    from podwheel.prove.server import Server
    from podwheel.prove.verdict import Verdict
    from podwheel.run import Run
    from podwheel.seal import Wheelhouse
    from podwheel.targets.capture import Capture, CapturedPython


@click.command(name="verify")
@click.argument(
    "directory", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR"
)
@click.option(
    "--against",
    metavar="FILE",
    help="What `podwheel target capture` found: is all there that they need?",
)
@options.target_options
@options.building_options
@options.isolation_option
@options.system_options
@options.displayed
def command(directory: Path, **given: Any) -> None:
    """Prove the wheels of DIR: install them in the pristine target, and import each distribution.

    DIR is a wheelhouse of podwheel's, whose files must be as they were published, a directory of
    several targets' wheelhouses, or any directory of wheels. The targets are those that a
    wheelhouse of ours was built for, unless --target says another.

    With --against, what the wheels need is also looked up on a captured server. The target is
    then one like it, and what was proven there before is not proven again.

    \b
    podwheel verify wheelhouse
    podwheel verify --target debian-12 ./wheels
    podwheel verify --against server.json wheelhouse
    """
    from podwheel import failures, several
    from podwheel.seal import open_wheelhouses

    houses = open_wheelhouses(directory.absolute())
    chosen = options.options_of(given)
    against = _captured(given["against"], chosen)
    if against is not None and len(houses) == 1 and len(houses[0].targets) < 2:
        _refuse_unfit(houses[0], *against)
    chosen = evolve(
        chosen,
        targets=chosen.targets or _targets(houses, given["against"], against),
        # pip is all that is asked of an index: the pristine target has none.
        arguments=evolve(chosen.arguments, requirements=("pip",)),
    )
    with options.session(chosen, require_isolation=given["require_isolation"]) as session:
        asked = {target.name: _for(target.name, houses) for target in session.targets}
        results = several.each(
            session,
            lambda run: [
                _proven(run, house, wheels, against, anew=given["against"] is None)
                for house, wheels in asked[run.workshop.target.name]
            ],
        )
    misfits = []
    for target, proofs in results.done:
        for proof in proofs:
            if results.several:
                tables.heading(target)
            _draw(proof, directory)
            if proof.fit is not None and not proof.fit.ok:
                misfits.append((target, failures.of_fit(proof.fit)))
    results.check(misfits)


@frozen(kw_only=True)
class _Proof:
    """One set of wheels that was proven on one target."""

    house: Wheelhouse
    server: Server
    verdict: Verdict
    fit: Fit | None
    """None: of no captured server."""
    elsewhere: str = ""
    """The target, where it is no system like the captured server."""


def _proven(
    run: Run,
    house: Wheelhouse,
    wheels: Sequence[Wheel],
    against: tuple[Capture, CapturedPython] | None,
    *,
    anew: bool,
) -> _Proof:
    from podwheel import proving

    needs = proving.server_of(run, wheels)
    server, verdict = proving.verified(
        run, wheels, server=needs, lost={}, built_with=house.built_with, anew=anew
    )
    elsewhere = ""
    if against is None:
        fit = proving.held_against_target(run, wheels, server)
    else:
        capture, python = against
        fit = proving.held_against_server(run, wheels, server, capture=capture, python=python)
        elsewhere = "" if run.workshop.definition.capture else run.workshop.target.name
    return _Proof(house=house, server=server, verdict=verdict, fit=fit, elsewhere=elsewhere)


def _draw(proof: _Proof, directory: Path) -> None:
    tables.verdict(proof.verdict)
    shown = directory / proof.house.directory.relative_to(directory.resolve())
    done = tables.counted(len(proof.verdict.proofs), "distribution")
    where = f" on {proof.elsewhere}" if proof.elsewhere else ""
    click.echo(f"{done} installed and imported{where}: {shown}")
    if proof.fit is None:
        tables.server(proof.server)
    else:
        tables.fit(proof.fit)


def _for(
    target: str, houses: Sequence[Wheelhouse]
) -> tuple[tuple[Wheelhouse, Sequence[Wheel]], ...]:
    """The wheelhouses that are for *target*, each with what it has for it.

    Raises:
        WheelhouseUnusable: None is.
    """
    found = tuple(
        (house, house.of(target)) for house in houses if len(houses) == 1 or target in house.targets
    )
    if not found:
        there = sorted({name for house in houses for name in house.targets})
        raise WheelhouseUnusable(
            f"there are wheelhouses for {' and '.join(there)}, none for {target}",
            hint=" ".join(f"--target {name}" for name in there),
        )
    return found


def _targets(
    houses: Sequence[Wheelhouse],
    named: str | None,
    against: tuple[Capture, CapturedPython] | None,
) -> tuple[str, ...]:
    """Where nobody names one: a system like the server, as far as podwheel knows how to make it;
    else those that the wheelhouses were built for."""
    from podwheel.targets.replica import has_base

    recorded = tuple(name for house in houses for name in house.targets)
    if named is None or against is None:
        return recorded
    known = not named.endswith(".json") or has_base(against[0])
    return (named,) if known or not recorded else recorded


def _captured(named: str | None, chosen: Options) -> tuple[Capture, CapturedPython] | None:
    """The server that is meant: of ``--against``, or of the only ``--target``, if it is one."""
    from podwheel.targets import definition

    if named is None:
        only = chosen.targets[0] if len(chosen.targets) == 1 else None
        return definition.captured(only, cwd=chosen.cwd) if only else None
    found = definition.captured(named, cwd=chosen.cwd)
    if found is None:
        raise UsageError(
            f"--against {named}: that is a target, and no server that was captured",
            hint=f"--target {named}",
        )
    return found


def _refuse_unfit(house: Wheelhouse, capture: Capture, python: CapturedPython) -> None:
    """Before any image is made: wheels that nothing makes run there."""
    from podwheel import failures
    from podwheel.prove import against, baseline

    compiled = [
        (n, cpu) for n, values in house.variables.items() for cpu in baseline.asked_of(values)
    ]
    unfit = (
        *against.unfit_wheels(house.wheels, capture, python),
        *against.newer_cpu(compiled, capture),
    )
    if unfit:
        raise failures.of_fit(against.Fit(capture=capture.source, unfit=unfit))
