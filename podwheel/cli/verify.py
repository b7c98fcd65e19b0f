"""``podwheel verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from podwheel.cli import options, tables

if TYPE_CHECKING:
    from podwheel.run import Options
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
@options.system_options
@options.displayed
def command(directory: Path, **given: Any) -> None:
    """Prove the wheels of DIR: install them in the pristine target, and import each distribution.

    DIR is a wheelhouse of podwheel's, whose files must be as they were published, or any
    directory of wheels. The target is the one that a wheelhouse of ours was built for, unless
    --target says another.

    With --against, what the wheels need is also looked up on a captured server; the target is
    then one like it, and a set that was proven there is not proven again.

    \b
    podwheel verify wheelhouse
    podwheel verify --target debian-12 ./wheels
    podwheel verify --against server.json wheelhouse
    """
    from podwheel import failures, pipeline, run
    from podwheel.seal import open_wheelhouse

    house = open_wheelhouse(directory.absolute())
    chosen = options.options_of(given)
    against = _captured(given["against"], chosen)
    if against is not None:
        _refuse_unfit(house, *against)
    recorded = (house.record or {}).get("target", {}).get("name")
    chosen = evolve(
        chosen,
        target=chosen.target or given["against"] or recorded,
        # pip is all that is asked of an index: the pristine target has none.
        arguments=evolve(chosen.arguments, requirements=("pip",)),
    )
    with run.opened(chosen) as opened:
        needs = pipeline.server_of(opened, house.wheels)
        server, verdict = pipeline.verified(
            opened, house.wheels, server=needs, lost={}, anew=given["against"] is None
        )
        fit = against and pipeline.held_against_server(
            opened, house.wheels, server, capture=against[0], python=against[1]
        )
    tables.verdict(verdict)
    click.echo(
        f"{tables.counted(len(verdict.proofs), 'distribution')} installed and imported: {directory}"
    )
    if fit is None:
        tables.server(server)
        return
    tables.fit(fit)
    if not fit.ok:
        raise failures.of_fit(fit)


def _captured(named: str | None, chosen: Options) -> tuple[Capture, CapturedPython] | None:
    """The server that is meant: of ``--against``, or of a ``--target`` that is one."""
    from podwheel.errors import UsageError
    from podwheel.targets import definition

    if named is None:
        return definition.captured(chosen.target, cwd=chosen.cwd) if chosen.target else None
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
