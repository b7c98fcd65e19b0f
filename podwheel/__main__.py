"""The one place that prints an error and exits."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from podwheel.errors import BuildsFailed, PodwheelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM: everything is put away as after Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code that errors.py documents."""
    from podwheel.cli.main import cli

    signal.signal(signal.SIGTERM, _terminated)
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--log-format=json" in given or _follows(given, "--log-format", "json")
    try:
        code = cli.main(args=given, prog_name="podwheel", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except PodwheelError as error:
        _show_json(error) if as_json else show(error)
        code = error.exit_code
    except Terminated:
        _say("ended by SIGTERM; containers and half-made files are gone, finished wheels are kept")
        code = 143
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; containers and half-made files are gone, finished wheels are kept")
        code = 130
    except BrokenPipeError:
        # The reader of our stdout is gone (`podwheel plan | head`); nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception:  # noqa: BLE001 - a bug of ours: the only traceback that a user sees
        traceback.print_exc()
        _say("this is a bug of podwheel: please report it with the lines above")
        code = 70
    sys.exit(code if isinstance(code, int) else 0)


def show(error: PodwheelError) -> None:
    """Print an error for a person on stderr."""
    if isinstance(error, BuildsFailed):
        for failure in error.failures:
            show(failure)
            _write("")
    lines = [f"error: {error.what}"]
    lines += [f"  wanted by  {who}" for who in error.wanted_by]
    lines += [f"  │ {line}" for line in error.said.splitlines()]
    if error.log is not None:
        lines.append(f"  log   {error.log}")
    lines += [f"  {'next' if n == 0 else '    '}  {hint}" for n, hint in enumerate(error.hint)]
    _write("\n".join(lines))


def _show_json(error: PodwheelError) -> None:
    document: dict[str, Any] = {
        "event": "error",
        "level": "error",
        "kind": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "wanted_by": error.wanted_by,
        "said": error.said,
        "log": None if error.log is None else str(error.log),
        "hint": error.hint,
    }
    if isinstance(error, BuildsFailed):
        for failure in error.failures:
            _show_json(failure)
    _write(json.dumps(document))


def _say(what: str) -> None:
    _write(f"podwheel: {what}")


def _write(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _follows(given: Sequence[str], option: str, value: str) -> bool:
    return any(a == option and b == value for a, b in itertools.pairwise(given))


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    main()
