"""``podwheel``: the group; each command's module is imported when it is called."""

from __future__ import annotations

import difflib
import importlib

import click

from podwheel import __version__

_COMMANDS = {
    "build": "Build, prove and publish every wheel that the requirements need.",
    "plan": "Print the steps that build would take, without running one.",
    "fetch": "Bring everything that a later `build --offline` needs.",
    "verify": "Prove a wheelhouse on the pristine target.",
    "bundle": "Pack a wheelhouse into one file that installs itself on the server.",
    "trust": "Print which bytes behind a wheelhouse nobody here built.",
    "why": "Print who wants a package.",
    "shell": "Open a shell in a step's container, at its failing hook.",
    "target": "List, show and build target systems; capture a server.",
    "cache": "Show what the store holds, remove what is unused, share it, check it.",
    "doctor": "Check this host, line by line.",
}


class _Lazy(click.Group):
    """Knows its commands by name, so that ``--help`` and start-up import none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"podwheel.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"no such command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="podwheel")
def cli() -> None:
    """Wheels for a server that has no compiler: built from source in rootless Podman, and proven."""
