"""``podwheel shell``."""

from __future__ import annotations

from typing import Any

import click
from attrs import evolve

from podwheel.cli import options


@click.command(name="shell")
@click.argument("name")
@options.target_options
@options.building_options
@options.displayed
def command(name: str, **given: Any) -> int:
    """Open a shell in the container of NAME's last step, replayed to the hook that failed.

    The same image, source, environment and variables; no network, and nothing is kept. The
    last command that was run is printed first.

    \b
    podwheel shell lxml
    """
    from podwheel import run
    from podwheel.build import replay

    chosen = options.options_of(given)
    with run.opened(
        evolve(chosen, arguments=evolve(chosen.arguments, requirements=(name,)))
    ) as opened:
        return replay.shell(opened.workshop, name)
