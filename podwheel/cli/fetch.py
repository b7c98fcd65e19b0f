"""``podwheel fetch``."""

from __future__ import annotations

from typing import Any

import click

from podwheel.cli import options, tables


@click.command(cls=options.RequirementsCommand, name="fetch")
@options.requirement_options
@options.system_options
@options.build_deps_option
@options.building_options
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
    from podwheel import pipeline, run

    with run.opened(options.options_of(given)) as opened:
        prepared = pipeline.fetched(opened, portable=given["portable"])
    click.echo(
        f"everything for {tables.counted(len(prepared), 'build')} is in {options.store_of(given)}"
    )
