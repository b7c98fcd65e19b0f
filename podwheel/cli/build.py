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
@options.compiling_options
@options.building_options
@options.isolation_option
@options.portable_option
@options.build_tag_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("wheelhouse"), metavar="DIR",
    show_default=True, help="The wheelhouse; an older one is replaced as a whole.",
)  # fmt: skip
@click.option(
    "--one-wheelhouse",
    is_flag=True,
    help="Several targets: one wheelhouse for all, not one for each below DIR.",
)
@click.option("--no-verify", is_flag=True, help="Do not install and import the wheels afterwards.")
@options.displayed
def command(**given: Any) -> None:
    """Build every wheel that the requirements need, from source, for the target; prove them.

    \b
    podwheel build -r requirements.txt
    podwheel build --target debian-12 -o ./wheels "flask>=3" pyyaml
    podwheel build --prefer-binary --no-binary markupsafe flask    # one from source, the rest as wheels
    podwheel build -t debian-12 -t debian-13 -r requirements.txt   # into wheelhouse/debian-12 and …-13

    The server then needs no compiler, no headers and no network:

    \b
    pip install --no-index --find-links wheelhouse -r requirements.txt
    """
    from podwheel import failures, several

    together = given["one_wheelhouse"]
    make = several.build_together if together else several.build
    with options.session(
        options.options_of(given), require_isolation=given["require_isolation"]
    ) as session:
        results = make(
            session,
            output=given["output"].absolute(),
            prove=not given["no_verify"],
            portable=given["portable"],
        )
    misfits = []
    for target, made in results.done:
        place = given["output"] if together or not results.several else given["output"] / target
        published = None if together and results.failed else place
        tables.closing(made, target if results.several else None, published, quiet=given["quiet"])
        if made.fit is not None and not made.fit.ok:
            misfits.append((target, failures.of_fit(made.fit, published=published)))
    results.check(misfits)
