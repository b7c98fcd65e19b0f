"""``podwheel doctor``."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import evolve
from rich.text import Text

from podwheel.cli import options, tables

if TYPE_CHECKING:
    from podwheel.asked import Options
    from podwheel.doctor import Check, Diagnosis
    from podwheel.targets.definition import TargetDefinition

_WORDS: Final = {"ok": ("ok  ", "green"), "degraded": ("warn", "yellow"), "missing": ("MISS", "bold red")}  # fmt: skip
_NAME_WIDTH: Final = 19
_MARGIN: Final = " " * 5


@click.command(name="doctor")
@click.option("--network", is_flag=True, help="Also ask the package index.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.target_options
@options.displayed
def command(**given: Any) -> int:
    """Check this host, line by line: what is fine, degraded (and so not enforced), or missing.

    Nothing is changed. Below a line that is not fine stand its meaning and the commands that
    mend it. If an image of a target is here, a real container is started and asked from inside
    what it may do.

    The exit code is 3 if something that a build needs is missing, else 0: what is degraded does
    not stop a build.
    """
    from podwheel import doctor

    chosen = options.options_of(given)
    host = doctor.look(chosen.environ, cwd=chosen.cwd)
    diagnosis = doctor.examine(
        host,
        # Root asks about another account, whose default is in another home.
        store=chosen.store if given["store"] or not host.become else host.home / ".cache/podwheel",
        targets=_targets(chosen),
        network=_request(chosen) if given["network"] else None,
    )
    if given["as_json"]:
        click.echo(json.dumps(_document(diagnosis), indent=1))
    else:
        _draw(diagnosis, quiet=given["quiet"])
    return 0 if diagnosis.ready else 3


def _targets(chosen: Options) -> tuple[TargetDefinition, ...]:
    """The targets that were named; else the default and the other built-in ones."""
    from podwheel.targets import definition

    if chosen.targets:
        return tuple(definition.load(one, cwd=chosen.cwd) for one in chosen.targets)
    first = definition.load(definition.DEFAULT, cwd=chosen.cwd)
    return (first, *(d for d in definition.builtin() if d.name != first.name))


def _request(chosen: Options) -> Any:
    """Where the indexes are: options, pip's environment and its configuration."""
    from podwheel.requirements import read
    from podwheel.settings import Settings

    return read(
        evolve(chosen.arguments, requirements=("pip",)),
        environ=chosen.environ,
        cwd=chosen.cwd,
        settings=Settings(),
    )


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "ready": diagnosis.ready,
        "advice": diagnosis.advice,
        "checks": [
            {
                "name": check.name,
                "state": check.state.value,
                "found": check.found,
                "means": check.means,
                "mend": check.mend,
            }
            for check in diagnosis.checks
        ],
    }


def _draw(diagnosis: Diagnosis, *, quiet: bool) -> None:
    out = tables.console()
    width = min(out.width, 100)
    for check in diagnosis.checks:
        if not quiet or check.state.value != "ok":
            # soft_wrap: a command that is broken into lines cannot be copied.
            out.print(_line(check, width), soft_wrap=True)
    out.print(_verdict(diagnosis), soft_wrap=True)
    if diagnosis.advice:
        out.print(Text(diagnosis.advice), soft_wrap=True)


def _line(check: Check, width: int) -> Text:
    word, style = _WORDS[check.state.value]
    drawn = Text.assemble((word, style), " ", f"{check.name:<{_NAME_WIDTH}} ", check.found)
    for line in textwrap.wrap(check.means, width - len(_MARGIN), break_on_hyphens=False):
        drawn.append(f"\n{_MARGIN}{line}")
    for number, command_line in enumerate(check.mend):
        drawn.append(f"\n{_MARGIN}{'mend' if number == 0 else '    '}  ", "dim")
        drawn.append(command_line, "bold")
    return drawn


def _verdict(diagnosis: Diagnosis) -> Text:
    from podwheel.doctor import State

    missing, degraded = (diagnosis.named(s) for s in (State.MISSING, State.DEGRADED))
    also = f"; degraded: {', '.join(degraded)}" if degraded else ""
    if missing:
        return Text.assemble(("not ready", "bold red"), f": {', '.join(missing)}{also}")
    return Text.assemble(("ready", "bold green"), f" to build{also}")
