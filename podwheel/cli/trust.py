"""``podwheel trust``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import asdict

from podwheel.cli import options, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from podwheel.seal.record import RunRecord, TrustRecord

_KINDS: Final = {
    "image": "image",
    "seed": "seed",
    "wheel": "upstream's wheel",
    "build-wheel": "build requirement",
    "toolchain": "this host's toolchain",
    "fetch": "declared download",
    "tool": "podwheel's tool",
    "shared": "shared store's wheel",
}
_SHOWN: Final = 2


@click.command(name="trust")
@click.argument(
    "wheelhouse",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("wheelhouse"),
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with whole hashes.")
@options.output_options
@options.displayed
def command(wheelhouse: Path, **given: Any) -> None:
    """Print which bytes behind WHEELHOUSE (default: ./wheelhouse) nobody here built.

    Images with the distribution's packages, seeds, upstream's wheels, this host's toolchains,
    declared downloads, podwheel's own tools; each with its hash and with the steps that used it. Only podwheel.json is read.

    \b
    podwheel trust
    podwheel trust --json ./wheels
    """
    from podwheel.seal import read_runs, wheelhouses

    records = [run for place in wheelhouses(wheelhouse.absolute()) for run in read_runs(place)]
    if given["as_json"]:
        click.echo(json.dumps([asdict(one) for one in _merged(records)], indent=1))
        return
    for record in records:
        if len(records) > 1:
            tables.heading(record.target.name)
        _draw(record)


def _merged(records: Sequence[RunRecord]) -> Iterator[TrustRecord]:
    """What is behind any of them; what several targets have alike, once."""
    known = dict.fromkeys(one for record in records for one in record.trust)
    return iter(known)


def _draw(record: RunRecord) -> None:
    drawn = tables.table("trusted", "name", "version", "sha256", "used by", "note")
    for one in record.trust:
        drawn.add_row(
            _KINDS.get(one.kind, one.kind),
            one.name,
            _version(one),
            (one.sha256 or "")[:12],
            _users(one.used_by),
            one.note,
        )
    out = tables.console()
    out.print(drawn)
    out.print(_summary(record), soft_wrap=True)


def _version(one: TrustRecord) -> str:
    version = one.version or ""
    return version[:12] if one.kind == "image" else version


def _users(steps: tuple[str, ...]) -> str:
    shown = ", ".join(steps[:_SHOWN])
    rest = len(steps) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def _summary(record: RunRecord) -> str:
    others = {one.sha256 for one in record.trust if one.kind == "shared"}
    built = sum(p.origin == "built" and p.sha256 not in others for p in record.packages)
    requirements = sum(s.requirement and s.wheel not in others for s in record.steps)
    behind = f", {tables.counted(requirements, 'build requirement')} too" if requirements else ""
    return f"the rest was built from source: {tables.counted(built, 'wheel')}{behind}"
