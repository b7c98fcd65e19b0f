"""``podwheel why``."""

from __future__ import annotations

from typing import Any

import click

from podwheel.cli import options


@click.command(cls=options.RequirementsCommand, name="why")
@click.argument("name")
@options.requirement_options
@options.system_options
@options.displayed
def command(name: str, **given: Any) -> int:
    """Print who wants NAME: every chain from a line of the requirements to it.

    \b
    podwheel why werkzeug -r requirements.txt

    The exit code is 1 if nobody does.
    """
    from podwheel import pipeline, run
    from podwheel.resolve.why import paths

    with run.opened(options.options_of(given)) as opened:
        resolution = pipeline.resolved(opened)
    chains = paths(resolution, name)
    for chain in chains:
        click.echo(" → ".join(chain))
    if not chains:
        click.echo(f"nothing wants {name}", err=True)
    return 0 if chains else 1
