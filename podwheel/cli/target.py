"""``podwheel target list | show | build | capture``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from podwheel.cli import options, tables
from podwheel.cli.terminal import size

if TYPE_CHECKING:
    from podwheel.model import Target
    from podwheel.targets.images import Status


@click.group(name="target")
def command() -> None:
    """List, show, build and capture target systems: a distribution, its Python, an architecture."""


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.store_option
@options.output_options
@options.displayed
def list_targets(**given: Any) -> None:
    """List the built-in targets, and whether their images are here."""
    from podwheel.store import Store
    from podwheel.targets import definition, images

    listed = images.status(definition.builtin(), store=Store(options.store_of(given)))
    if given["as_json"]:
        click.echo(json.dumps([_document(one) for one in listed], indent=1))
        return
    drawn = tables.table("target", "images", "python", "description")
    for one in listed:
        default = " (default)" if one.definition.name == definition.DEFAULT else ""
        drawn.add_row(
            one.definition.name,
            size(max(amount for _, amount in one.sizes)) if one.ready else "not built",
            one.target.python.version if one.target else "-",
            one.definition.description + default,
        )
    tables.console().print(drawn)


@command.command(name="show")
@click.argument("name", metavar="NAME_OR_FILE")
@options.store_option
@options.output_options
@options.displayed
def show(name: str, **given: Any) -> None:
    """Show a target's definition, and its images if they are built, as JSON."""
    from podwheel.store import Store
    from podwheel.targets import definition, images

    loaded = definition.load(name, cwd=Path.cwd())
    (one,) = images.status([loaded], store=Store(options.store_of(given)))
    click.echo(json.dumps(_document(one), indent=1))


@command.command(name="build")
@click.argument("names", nargs=-1, metavar="[NAME_OR_FILE]...")
@click.option("--refresh", is_flag=True, help="Make the images again from today's packages.")
@options.store_option
@options.output_options
@options.displayed
def build(names: tuple[str, ...], **given: Any) -> None:
    """Build targets' images (default: debian-13's), so that no later run has to."""
    from podwheel import run
    from podwheel.targets import definition

    loaded = [definition.load(n, cwd=Path.cwd()) for n in names or (definition.DEFAULT,)]
    for one in loaded:
        built = run.build_target(one, store=options.store_of(given), refresh=given["refresh"])
        click.echo(_line(built))


@command.command(name="capture")
def capture() -> None:
    """Print a shell script that describes the server it runs on. It reads only, and needs no root.

    \b
    podwheel target capture | ssh server sh > server.json
    podwheel build --target server.json -r requirements.txt
    podwheel verify --against server.json wheelhouse
    """
    from podwheel.targets.capture import script

    if sys.stdout.isatty():
        click.echo("# pipe this: podwheel target capture | ssh SERVER sh > server.json", err=True)
    click.echo(script(), nl=False)


def _line(target: Target) -> str:
    python = target.python
    libc, version = python.libc
    return f"{target.name}: Python {python.version}, {libc} {version}, {python.machine}: {target.build.reference}"


def _document(one: Status) -> dict[str, Any]:
    """A target as JSON: what its document says, its images, and its Python once it was asked."""
    found = one.definition
    document: dict[str, Any] = {
        "name": found.name,
        "description": found.description,
        "source": str(found.source),
        "base": {
            "kind": type(found.base).__name__.removesuffix("Base").lower(),
            **{
                k: list(v) if isinstance(v, tuple) else str(v)
                for k, v in asdict(found.base).items()
                if v
            },
        },
        "containerfile": str(found.containerfile),
        "arguments": dict(found.arguments),
        "python": found.python,
        "images": {"runtime": one.runtime, "build": one.build},
        "built": one.ready,
    }
    if found.capture is not None:
        server = found.capture
        document["capture"] = {"source": server.source, "made": server.made, "name": server.name}
    if one.target is not None:
        python = one.target.python
        document["interpreter"] = {
            "version": python.version,
            "implementation": python.implementation,
            "machine": python.machine,
            "libc": " ".join(python.libc),
            "markers": python.marker_environment,
            "tags": [str(tag) for tag in python.tags[:12]],
        }
    return document
