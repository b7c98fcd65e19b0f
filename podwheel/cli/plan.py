"""``podwheel plan``."""

from __future__ import annotations

import json
from typing import Any

import click

from podwheel.cli import options, tables


@click.command(cls=options.RequirementsCommand, name="plan")
@options.requirement_options
@options.system_options
@options.build_deps_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.displayed
def command(**given: Any) -> None:
    """Print the steps that build would take, without running one.

    Only a package whose metadata is not static is asked for it, in a sandbox.
    """
    from podwheel import pipeline, run

    with run.opened(options.options_of(given)) as opened:
        lines = pipeline.planned(opened)
    if given["as_json"]:
        document = [
            {
                "name": line.pin.name,
                "version": str(line.pin.version),
                "how": line.how,
                "build_requires": line.requires,
                "wanted_by": line.pin.wanted_by,
            }
            for line in lines
        ]
        click.echo(json.dumps(document, indent=1))
        return
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
