"""The one place that prints an error and exits."""

from __future__ import annotations

import contextlib
import errno
import gc
import itertools
import json
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from podwheel.errors import BuildsFailed, DiskFull, PodwheelError, TargetsFailed
from podwheel.text import harmless, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType


_PUT_AWAY = "containers and half-made files are gone, finished wheels are kept"


class Terminated(BaseException):
    """SIGTERM, or the terminal was closed: everything is put away as after Ctrl-C.

    Not a KeyboardInterrupt: of that click makes an Abort, and prints on a terminal that may be gone.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code that errors.py documents."""
    collect_seldom()
    from podwheel.cli.main import cli

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup wants it ignored
            signal.signal(number, _terminated)
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--log-format=json" in given or _follows(given, "--log-format", "json")
    try:
        with _telling_full_disk():
            code = cli.main(args=given, prog_name="podwheel", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except PodwheelError as error:
        _show_json(error) if as_json else show(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say(f"interrupted; {_PUT_AWAY}")
        code = 130
    except Terminated as by:
        _say(f"ended by {signal.Signals(by.number).name}; {_PUT_AWAY}")
        code = 128 + by.number
    except (BrokenPipeError, SystemExit):  # click makes an exit of its own of the former
        # The reader of our stdout is gone (`podwheel plan | head`); nothing is left to say.
        code = 141
    except Exception:  # noqa: BLE001 - a bug of ours: the only traceback that a user sees
        traceback.print_exc()
        _say("this is a bug of podwheel: please report it with the lines above")
        code = 70
    _flush()
    sys.exit(code if isinstance(code, int) else 0)


def collect_seldom() -> None:
    """Look for garbage in circles at every hundred thousandth object, not at every 700th.

    What a command makes first, modules, classes, candidates and pins, stays to its end: looking
    through it again and again took an eighth of a short command's time, and found nothing.
    """
    gc.set_threshold(100_000)


@contextlib.contextmanager
def _telling_full_disk() -> Iterator[None]:
    """A disk may be full wherever something small is written, such as a tool's answer to /tmp.

    Raises:
        DiskFull: Instead of the system's own error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            "no space left (or no inodes) on a file system",
            said=str(error),
            hint="df shows which one; the same command then goes on where it stopped",
        ) from error


def show(error: PodwheelError) -> None:
    """Print an error for a person on stderr."""
    if isinstance(error, BuildsFailed):
        targets = error.targets if isinstance(error, TargetsFailed) else itertools.repeat("")
        for target, failure in zip(targets, error.failures, strict=False):
            if target:
                _write(f"{target}:")
            show(failure)
            _write("")
    # Names and words of packages are among these: none may type into the terminal.
    lines = [f"error: {harmless(error.what)}"]
    lines += [f"  wanted by  {plain(who)}" for who in error.wanted_by]
    lines += [f"  │ {plain(line)}" for line in error.said.splitlines()]
    if error.log is not None:
        lines.append(f"  log   {error.log}")
    lines += [
        f"  {'next' if n == 0 else '    '}  {plain(hint)}" for n, hint in enumerate(error.hint)
    ]
    _write("\n".join(lines))


def _show_json(error: PodwheelError, target: str | None = None) -> None:
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
    if target is not None:
        document["target"] = target
    if isinstance(error, BuildsFailed):
        targets = error.targets if isinstance(error, TargetsFailed) else itertools.repeat(target)
        for one, failure in zip(targets, error.failures, strict=False):
            _show_json(failure, one)
    _write(json.dumps(document))


def _flush() -> None:
    """Else Python tries at its very end, and makes 120 of our exit code where nobody reads any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(what: str) -> None:
    _write(f"podwheel: {what}")


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stderr.write(f"{text}\n")


def _follows(given: Sequence[str], option: str, value: str) -> bool:
    return any(a == option and b == value for a, b in itertools.pairwise(given))


def _terminated(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


if __name__ == "__main__":
    main()
