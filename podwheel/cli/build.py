"""``podwheel build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podwheel.cli import options, tables


@click.command(cls=options.RequirementsCommand, name="build")
@options.requirement_options
@options.system_options
@options.build_deps_option
@options.building_options
@options.portable_option
@options.build_tag_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("wheelhouse"), metavar="DIR",
    show_default=True, help="The wheelhouse; an older one is replaced as a whole.",
)  # fmt: skip
@click.option("--no-verify", is_flag=True, help="Do not install and import the wheels afterwards.")
@options.displayed
def command(**given: Any) -> None:
    """Build every wheel that the requirements need, from source, for the target; prove them.

    \b
    podwheel build -r requirements.txt
    podwheel build --target debian-12 -o ./wheels "flask>=3" pyyaml
    podwheel build --prefer-binary --no-binary markupsafe flask    # one from source, the rest as wheels

    The server then needs no compiler, no headers and no network:

    \b
    pip install --no-index --find-links wheelhouse -r requirements.txt
    """
    from podwheel import failures, pipeline, run

    with run.opened(options.options_of(given)) as opened:
        outcome = pipeline.build(
            opened,
            output=given["output"].absolute(),
            prove=not given["no_verify"],
            portable=given["portable"],
        )
    tables.closing(outcome, given["output"], quiet=given["quiet"])
    if outcome.fit is not None and not outcome.fit.ok:
        raise failures.of_fit(outcome.fit, published=given["output"])
