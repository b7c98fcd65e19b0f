"""The only door to child processes (the only ``import sh``).

Argument *lists* only: sh's keyword flags are put after the positional arguments, where the
guest of ``podman run`` would get them. A child's environment is an explicit mapping, never a
copy of the host's. Bulk data never goes through sh: a caller hands over real descriptors.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sh
from attrs import frozen

from podwheel.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ANY_EXIT = range(256)
_EXEC_SECONDS = 1.0
_INSTALL_HINT = "podwheel doctor says what is missing and how to install it"

_KEPT = (
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "USER",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    # podman's and buildah's own
    "BUILDAH_ISOLATION", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE", "STORAGE_DRIVER", "STORAGE_OPTS",
    # how podman knows that it runs inside a user namespace of its own (podman unshare, nested)
    "_CONTAINERS_USERNS_CONFIGURED", "_CONTAINERS_ROOTLESS_UID", "_CONTAINERS_ROOTLESS_GID",
)  # fmt: skip


@frozen(kw_only=True)
class Completed:
    """A child that has ended. The exit code is a value: the caller that knows gives it a meaning."""

    code: int
    """0 to 255; negative: the signal that killed it."""
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        return self.err.decode("utf-8", "replace")


def host_environment(**extra: str) -> dict[str, str]:
    """The mapping for the host's own tools: what they need to find their storage, and *extra*."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept, **extra}


def find(program: str, *, path: str | None = None) -> str:
    """The absolute path of *program*.

    Raises:
        ToolMissing: It is not on PATH.
    """
    found = shutil.which(program, path=path)
    if found is None:
        raise ToolMissing(f"{program} is not installed, or not on PATH", hint=_INSTALL_HINT)
    return found


_children: weakref.WeakSet[Child] = weakref.WeakSet()


class Child:
    """A child that runs; made by `start`."""

    def __init__(self, running: sh.RunningCommand) -> None:
        self._running = running
        self.pid: int = running.pid

    @property
    def alive(self) -> bool:
        return bool(self._running.process.is_alive()[0])

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code (negative: the signal). Raises TimeoutError after *timeout* seconds."""
        if timeout is not None:
            deadline = time.monotonic() + timeout
            pause = 0.005
            while self.alive:  # asks the kernel, and reaps
                if time.monotonic() > deadline:
                    raise TimeoutError
                time.sleep(pause)
                pause = min(pause * 1.5, 0.1)
        self._running.wait()
        return int(self._running.exit_code)

    def signal(self, number: int) -> None:
        """Signal the child's whole process group; a child that is gone is no error."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def start(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    stdin: int | IO[bytes] | None = None,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    cwd: Path | None = None,
) -> Child:
    """Start a child in a session of its own, its streams joined to real descriptors.

    Args:
        arguments: The program (a name or path) and every argument, in order.
        environment: The child's whole environment.
        stdin: A descriptor to read; None: nothing to read.

    Raises:
        ToolMissing: The program is not there.
    """
    source: Any = _null() if stdin is None else stdin
    program, *rest = (str(a) for a in arguments)
    command = sh.Command(find(program, path=environment.get("PATH")))
    running: Any = command(  # sh's annotations know neither descriptors nor _bg with _return_cmd
        *rest,
        _env=dict(environment),
        _in=source,
        _out=stdout,
        _err=stderr,
        _cwd=str(cwd) if cwd else None,
        _bg=True,
        _bg_exc=False,
        _new_session=True,
        _tty_in=False,
        _tty_out=False,
        _ok_code=[*_ANY_EXIT, *(-n for n in range(1, 65))],
        _return_cmd=True,
        _close_fds=True,
    )
    child = Child(running)
    _children.add(child)
    return child


def end_children() -> None:
    """Kill whatever still runs: a session of its own keeps a child from hearing Ctrl-C."""
    for child in list(_children):
        if child.alive:
            child.signal(signal.SIGKILL)
            child.wait()


def kill_orphans(*arguments: str) -> tuple[int, ...]:
    """Kill every process that was started with exactly these *arguments* among its own; their ids.

    For what a podwheel that was killed has started: its children live on, each in a session of
    its own. The arguments must name what is nobody else's.
    """
    wanted, killed = {os.fsencode(argument) for argument in arguments}, []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another account's
            if wanted <= _arguments(place):
                os.kill(int(place.name), signal.SIGKILL)
                killed.append(int(place.name))
    return tuple(killed)


def _arguments(place: Path) -> set[bytes]:
    """A process' arguments, from its directory under /proc.

    They come last in an exec: for a moment, a process that has just been started shows none.
    """
    until = time.monotonic() + _EXEC_SECONDS
    while not (text := (place / "cmdline").read_bytes()) and time.monotonic() < until:
        (place / "exe").readlink()  # fails for what has ended, for the kernel's own and for others'
        time.sleep(0.001)
    return {*text.split(b"\0")}


def run(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] | None = None,
    stdout: int | IO[bytes] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> Completed:
    """Run a child to its end and hold what it printed.

    Args:
        environment: As for `start`; None: `host_environment()`.
        stdout: A descriptor that gets its output instead; ``out`` is then empty.
        timeout: Seconds; then it is killed and TimeoutError raised.

    Raises:
        ToolMissing: The program is not there.
        TimeoutError: It took longer than *timeout*.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = start(
            arguments,
            environment=host_environment() if environment is None else environment,
            stdin=stdin,
            stdout=out if stdout is None else stdout,
            stderr=err,
            cwd=cwd,
        )
        try:
            code = child.wait(timeout)
        except BaseException:
            child.signal(signal.SIGKILL)
            child.wait()
            raise
        out.seek(0)
        err.seek(0)
        return Completed(code=code, out=out.read(), err=err.read())


def foreground(arguments: Sequence[str | Path], *, environment: Mapping[str, str]) -> int:
    """Run a child on the caller's own terminal, to its end; its exit code (negative: the signal).

    Raises:
        ToolMissing: The program is not there.
    """
    program, *rest = (str(a) for a in arguments)
    command = sh.Command(find(program, path=environment.get("PATH")))
    try:
        # With _fg sh only spawns and waits: no pipes, no session, no terminal of its own.
        command(*rest, _fg=True, _env=dict(environment))
    except sh.ErrorReturnCode as ended:  # the only way in which _fg tells a code
        return int(ended.exit_code)
    return 0


_null_descriptor: int | None = None


def _null() -> int:
    """One /dev/null for all: sh duplicates what it is given."""
    global _null_descriptor  # noqa: PLW0603 - opened once, on first use
    if _null_descriptor is None:
        _null_descriptor = os.open(os.devnull, os.O_RDONLY)
    return _null_descriptor
