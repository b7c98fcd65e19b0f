"""``podwheel bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from attrs import evolve

from podwheel.cli import options
from podwheel.cli.terminal import size


@click.command(name="bundle")
@click.argument(
    "directory", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR"
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="The bundle; an older one is replaced (default: DIR-bundle.tar beside DIR).",
)  # fmt: skip
@options.target_options
@options.displayed
def command(directory: Path, output: Path | None, **given: Any) -> None:
    """Pack the wheelhouse DIR into one tar file that installs itself on the server.

    It has the wheels, the hashes of all files, and a program that checks whether they fit the
    system and installs them. The server needs its own Python, no pip and no network.

    \b
    podwheel bundle wheelhouse
    tar -xf wheelhouse-bundle.tar && wheelhouse-bundle/install --venv /srv/app    # on the server
    """
    from podwheel import pipeline, run
    from podwheel.seal import bundle, open_wheelhouse
    from podwheel.store import Store

    house = open_wheelhouse(directory.absolute())
    record = bundle.record_of(house)
    place = output.absolute() if output else bundle.default_output(house)
    bundle.refuse_output(house, place)
    pip = bundle.pip_that_proved(record, store=Store(options.store_of(given)))
    if pip is None:
        chosen = options.options_of(given)
        chosen = evolve(
            chosen,
            targets=chosen.targets or (record.target.name,),
            arguments=evolve(chosen.arguments, requirements=("pip",)),
        )
        with run.opened(chosen) as opened:
            pip = pipeline.pip_of_target(opened)
    made = bundle.bundle(house, pip=pip, output=place)
    click.echo(f"{made.path} ({size(made.size)}), sha256 {made.sha256}")
    click.echo(f"on the server: tar -xf {made.path.name} && {made.directory}/install --check")
