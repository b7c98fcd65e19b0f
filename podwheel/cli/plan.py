"""``podwheel plan``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from podwheel.cli import options, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podwheel.pipeline import Planned


@click.command(cls=options.RequirementsCommand, name="plan")
@options.requirement_options
@options.system_options
@options.build_deps_option
@options.compiling_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.displayed
def command(**given: Any) -> None:
    """Print the steps that build would take, without running one.

    Only a package whose metadata is not static is asked for it, in a sandbox.
    """
    from podwheel import pipeline, run, several

    with run.session(options.options_of(given)) as session:
        results = several.each(session, pipeline.planned)
    if given["as_json"]:
        document = [
            {
                "target": target,
                "name": line.pin.name,
                "version": str(line.pin.version),
                "how": line.how,
                "build_requires": line.requires,
                "wanted_by": line.pin.wanted_by,
            }
            for target, lines in results.done
            for line in lines
        ]
        click.echo(json.dumps(document, indent=1))
    else:
        for target, lines in results.done:
            if results.several:
                tables.heading(target)
            _draw(lines)
    results.check()


def _draw(lines: Sequence[Planned]) -> None:
    drawn = tables.table("step", "package", "version", "build requires", "wanted by")
    words = {"build": "build", "store": "from store", "upstream": "upstream's wheel"}
    for line in lines:
        drawn.add_row(
            words[line.how],
            line.pin.name,
            str(line.pin.version),
            ", ".join(line.requires),
            line.pin.wanted_by[0] if line.pin.wanted_by else "",
        )
    tables.console().print(drawn)
