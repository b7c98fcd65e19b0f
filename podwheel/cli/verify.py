"""``podwheel verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from attrs import evolve

from podwheel.cli import options, tables


@click.command(name="verify")
@click.argument(
    "directory", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR"
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

    \b
    podwheel verify wheelhouse
    podwheel verify --target debian-12 ./wheels
    """
    from podwheel import pipeline, run
    from podwheel.seal import open_wheelhouse

    house = open_wheelhouse(directory.absolute())
    chosen = options.options_of(given)
    chosen = evolve(
        chosen,
        target=chosen.target or (house.record or {}).get("target", {}).get("name"),
        # pip is all that is asked of an index: the pristine target has none.
        arguments=evolve(chosen.arguments, requirements=("pip",)),
    )
    with run.opened(chosen) as opened:
        needs = pipeline.server_of(opened, house.wheels)
        server, verdict = pipeline.verified(opened, house.wheels, server=needs, lost={}, anew=True)
    tables.verdict(verdict)
    click.echo(
        f"{tables.counted(len(verdict.proofs), 'distribution')} installed and imported: {directory}"
    )
    tables.server(server)
