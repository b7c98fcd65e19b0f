"""``podwheel cache info | prune | push | check``."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import asdict

from podwheel.cli import options, tables
from podwheel.cli.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podwheel.store.prune import Entry

_DAY: Final = 86400.0
_UNITS: Final = {"h": _DAY / 24, "d": _DAY, "w": 7 * _DAY}
_KINDS: Final = {
    "wheels": "wheels",
    "blobs": "sources, crates, build logs",
    "unpacked": "wheels, unpacked",
    "crates": "crates, unpacked",
    "vendored": "sets of crates",
    "git": "git repositories",
    "ccache": "compiler caches",
    "ccache-program": "ccache itself",
    "file-indexes": "files of distributions",
    "documents": "what is known",
    "index": "answers of indexes",
    "logs": "logs of runs",
}
_AGES: Final = (("a day", _DAY), ("a week", 7 * _DAY), ("30 days", 30 * _DAY))


class Age(click.ParamType[float]):
    """``12h``, ``30d``, ``8w`` → seconds."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no age; write 12h, 30d or 8w", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.group(name="cache")
def command() -> None:
    """Show what the store holds, remove what is unused, fill one for others, check every byte."""


@command.command(name="info")
@click.option("--json", "as_json", is_flag=True, help="As JSON: bytes, and seconds since each use.")
@options.store_option
@options.output_options
@options.displayed
def info(**given: Any) -> None:
    """Show what the store holds, how big it is, and how much was last used how long ago."""
    from podwheel.store import Store
    from podwheel.store.prune import survey

    store = Store(options.store_of(given))
    entries = survey(store)
    if given["as_json"]:
        click.echo(json.dumps(_document(entries, str(store.root)), indent=1))
        return
    _draw(entries)
    total = size(sum(e.size for e in entries))
    tables.console().print(f"{total} in {store.root}", soft_wrap=True)


@command.command(name="prune")
@click.option(
    "--older-than", type=Age(), metavar="AGE", help="What was not used for so long: 12h, 30d, 8w."
)
@click.option(
    "--keep-size",
    type=options.Size(zero=True),
    metavar="SIZE",
    help="What is too much, longest unused first: 20G.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Only tell what would go.")
@options.store_option
@options.output_options
@options.displayed
def prune(**given: Any) -> None:
    """Remove what has not been used for long; what goes is made or fetched again when it is needed.

    Builds may run meanwhile: what they use stays. Images are podman's (`podman images`), and stay too.

    \b
    podwheel cache prune --older-than 30d
    podwheel cache prune --keep-size 20G --dry-run
    """
    from podwheel.store import Store
    from podwheel.store.prune import choose, in_use_since, remove, survey
    from podwheel.sweep import sweep

    if given["older_than"] is None and given["keep_size"] is None:
        raise click.UsageError("say what may go: --older-than 30d, or --keep-size 20G")
    store = Store(options.store_of(given))
    sweep(store)
    entries = survey(store)
    before = None if given["older_than"] is None else time.time() - given["older_than"]
    chosen = choose(entries, before=before, most=given["keep_size"])
    if given["dry_run"]:
        since = in_use_since(store)
        gone = tuple(e for e in chosen if e.used < since)
    else:
        gone = remove(store, chosen)
    if gone and not given["quiet"]:
        _draw(gone)
    left = sum(e.size for e in entries) - sum(e.size for e in gone)
    verb = "would be removed" if given["dry_run"] else "removed"
    used = len(chosen) - len(gone)
    tables.console().print(
        f"{tables.counted(len(gone), 'entry', 'entries')}, {size(sum(e.size for e in gone))}, {verb}"
        + (f"; {used} in use" if used else "")
        + f"; {size(left)} left in {store.root}",
        soft_wrap=True,
    )


@command.command(name="push")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@options.store_option
@options.output_options
@options.displayed
def push(directory: Path, **given: Any) -> None:
    """Copy what was built here to the shared store DIR, for `--shared-store` of others.

    Wheels, build logs, and by which step each wheel was made; neither sources nor anything else.

    \b
    podwheel cache push /srv/podwheel
    podwheel build --shared-store /srv/podwheel -r requirements.txt          # or a URL that serves it
    """
    from podwheel.store import Store
    from podwheel.store.push import push as copy

    store = Store(options.store_of(given))
    if directory.resolve() == store.root.resolve():
        raise click.UsageError("DIR is the store itself")
    to = Store(directory.absolute())
    with store.running(), to.running():
        done = copy(store, to)
    steps = tables.counted(done.steps, "step")
    click.echo(f"{steps} ({size(done.size)}) copied to {directory}; {done.known} were there")


@command.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.store_option
@options.output_options
@options.displayed
def check(**given: Any) -> None:
    """Read every byte of the store, and set aside what is damaged: it is made again when needed."""
    from podwheel.store import Store
    from podwheel.store.audit import audit

    found = audit(Store(options.store_of(given)))
    if given["as_json"]:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        drawn = tables.table("kept", "read", "set aside")
        for one in found:
            drawn.add_row(one.kind, str(one.number), str(len(one.damaged)))
        tables.console().print(drawn)
    if any(one.damaged for one in found):
        raise click.exceptions.Exit(1)


def _by_kind(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """In the order of `_KINDS`."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.kind].append(entry)
    return {kind: found[kind] for kind in _KINDS if kind in found}


def _draw(entries: Iterable[Entry]) -> None:
    ages = tuple(f"unused for {name}" for name, _ in _AGES)
    drawn = tables.table("what", "entries", "size", *ages, right=("entries", "size", *ages))
    now = time.time()
    for kind, some in _by_kind(entries).items():
        older = (sum(e.size for e in some if e.used < now - age) for _, age in _AGES)
        drawn.add_row(
            _KINDS[kind], str(len(some)), size(sum(e.size for e in some)), *map(size, older)
        )
    tables.console().print(drawn)


def _document(entries: Iterable[Entry], root: str) -> dict[str, Any]:
    now = time.time()
    return {
        "store": root,
        "kinds": {
            kind: {
                "entries": len(some),
                "bytes": sum(e.size for e in some),
                "last_used_seconds_ago": round(now - max(e.used for e in some)),
                "first_used_seconds_ago": round(now - min(e.used for e in some)),
                **{
                    f"bytes_unused_for_{name.removeprefix('a ').replace(' ', '_')}": sum(
                        e.size for e in some if e.used < now - age
                    )
                    for name, age in _AGES
                },
            }
            for kind, some in _by_kind(entries).items()
        },
    }
