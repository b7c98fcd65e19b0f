"""``podwheel why``."""

from __future__ import annotations

from typing import Any

import click

from podwheel.cli import options, tables


@click.command(cls=options.RequirementsCommand, name="why")
@click.argument("name")
@options.requirement_options
@options.system_options
@options.displayed
def command(name: str, **given: Any) -> int:
    """Print who wants NAME: every chain from a line of the requirements to it.

    \b
    podwheel why werkzeug -r requirements.txt

    The exit code is 1 if nobody does, on any target.
    """
    from podwheel import pipeline, run, several
    from podwheel.resolve.why import paths

    with run.session(options.options_of(given)) as session:
        results = several.each(session, lambda run: paths(pipeline.resolved(run), name))
    for target, chains in results.done:
        if results.several and chains:
            tables.heading(target)
        for chain in chains:
            click.echo(" → ".join(chain))
        if not chains:
            on = f" on {target}" if results.several else ""
            click.echo(f"nothing wants {name}{on}", err=True)
    results.check()
    return 0 if any(chains for _, chains in results.done) else 1
