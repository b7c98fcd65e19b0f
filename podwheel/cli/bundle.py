"""``podwheel bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from podwheel.cli import options
from podwheel.cli.terminal import size

if TYPE_CHECKING:
    from podwheel.model import Wheel


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
    from podwheel.seal import bundle, open_wheelhouse
    from podwheel.store import Store

    house = open_wheelhouse(directory.absolute())
    runs = bundle.runs_of(house)
    place = output.absolute() if output else bundle.default_output(house)
    bundle.refuse_output(house, place)
    store = Store(options.store_of(given))
    pips = {
        one.target.name: bundle.pip_that_proved(one, store=store) or _pip_of(one.target.name, given)
        for one in runs
    }
    made = bundle.bundle(house, pips=pips, output=place)
    click.echo(f"{made.path} ({size(made.size)}), sha256 {made.sha256}")
    click.echo(f"on the server: tar -xf {made.path.name} && {made.directory}/install --check")


def _pip_of(target: str, given: dict[str, Any]) -> Wheel:
    """A pip that runs on the Python of *target*, from the index; of ``--target``, if that is given."""
    from podwheel import proving, run

    chosen = options.options_of(given)
    chosen = evolve(
        chosen,
        targets=chosen.targets or (target,),
        arguments=evolve(chosen.arguments, requirements=("pip",)),
    )
    with run.opened(chosen) as opened:
        return proving.pip_of_target(opened)
