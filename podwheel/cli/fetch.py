"""``podwheel fetch``."""

from __future__ import annotations

from typing import Any

import click

from podwheel.cli import options, tables


@click.command(cls=options.RequirementsCommand, name="fetch")
@options.requirement_options
@options.system_options
@options.build_deps_option
@options.compiling_options
@options.building_options
@options.isolation_option
@options.portable_option
@options.build_tag_option
@options.displayed
def command(**given: Any) -> None:
    """Bring everything that a later `podwheel build --offline` of the same requirements needs.

    Backends are asked for their build requirements, in sandboxes without a network; nothing of
    the runtime tree is built. Locked-down CI runs the two in different stages:

    \b
    podwheel fetch -r requirements.txt --store ./store     # with a network
    podwheel build -r requirements.txt --store ./store --offline
    """
    from podwheel import pipeline, several

    with options.session(
        options.options_of(given), require_isolation=given["require_isolation"]
    ) as session:
        results = several.each(
            session, lambda run: pipeline.fetched(run, portable=given["portable"])
        )
    for target, prepared in results.done:
        builds = tables.counted(len(prepared), "build")
        what = f"{builds} for {target}" if results.several else builds
        click.echo(f"everything for {what} is in {options.store_of(given)}")
    results.check()
