"""One container and its podman: start, wait, and be sure that it is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from podwheel import log, process
from podwheel.errors import ToolFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from podwheel.sandbox.groups import Groups

_PODMAN_TIMEOUT = 120
_CLIENT_PATIENCE = 10.0
_ATTEMPTS = 5
_ROUNDS = 100
_UNCOLLECTED: Final = {"GOGC": "800"}
"""podman's garbage collector has its first round at 32 MB, not at 4: a start stays below that, and
takes an eighth less CPU time. What streams through it afterwards is collected as ever."""


class Container:
    """A container in the foreground of a podman of ours, its streams joined to pipes.

    Killing that podman would leave the container alive; so a container ends by `podman rm`, and
    podman's exit code is believed only after that.
    """

    def __init__(self, name: str, groups: Groups) -> None:
        self.name = name
        self._groups = groups
        self._client: process.Child | None = None
        self._code: int | None = None

    def start(self, arguments: Sequence[str]) -> tuple[int, int, int]:
        """Start podman; our ends of its standard input, output and error."""
        pipes = [os.pipe() for _ in range(3)]
        (stdin, requests), (frames, stdout), (errors, stderr) = pipes
        try:
            self._client = process.start(
                ["podman", *arguments],
                environment=process.host_environment(**_UNCOLLECTED),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
        except BaseException:
            for descriptor in (requests, frames, errors):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
        return requests, frames, errors

    def wait(self, timeout: float) -> int | None:
        """podman's exit code, or None if it still runs after *timeout* seconds."""
        if self._code is None and self._client is not None:
            with contextlib.suppress(TimeoutError):
                self._code = self._client.wait(timeout)
        return self._code

    def kill(self) -> None:
        """Kill everything in the container and remove it; in vain if it is not there yet."""
        remove([self.name])

    def destroy(self) -> int | None:
        """Make sure that the container is gone, whatever state it and podman are in.

        Returns:
            podman's exit code; None if it never started.

        Raises:
            ToolFailed: The container is still there.
        """
        for attempt in range(_ATTEMPTS):
            self.kill()
            if self._client is not None and self.wait(_CLIENT_PATIENCE) is None:
                # It hangs, or had not made the container yet: once dead it makes none.
                self._client.signal(signal.SIGKILL)
                self._code = self._client.wait()
                self.kill()
            if not exists(self.name) and not self._survivors():
                return self._code
            time.sleep(0.1 * 2**attempt)
        raise ToolFailed(
            f"the container {self.name} cannot be removed",
            hint=f"podman rm -f -t0 {self.name}",
        )

    def _survivors(self) -> tuple[int, ...]:
        """Processes that outlived podman's record of the container, seen once; they are killed.

        Their ids are subordinate to ours: only from inside podman's namespace can we signal them.
        """
        left = self._groups.members()
        if left:
            log.get().warning("sandbox.survivors", container=self.name, processes=list(left))
            _podman("unshare", "kill", "-9", *map(str, left))
        return left


def remove(names: Sequence[str]) -> None:
    """Kill and remove containers; those that do not exist are no error."""
    if not names:
        return
    done = _podman("rm", "--force", "--time=0", "--ignore", *names)
    if done is None or done.code:
        said = "no answer" if done is None else done.error_text[-500:]
        log.get().debug("sandbox.rm", said=said)


def remove_all(label: str, *, ended: Callable[[], bool] = lambda: True) -> None:
    """Remove every container with *label* (``name=value``), until there is none.

    Args:
        ended: Whether those that could make another have ended.

    Raises:
        ToolFailed: Some cannot be removed.
    """
    left: tuple[str, ...] = ()
    for _ in range(_ROUNDS):
        left = labelled(label)
        remove(left)
        if not left and ended():
            return
        time.sleep(0.1)
    if left:
        raise ToolFailed(
            f"containers cannot be removed: {', '.join(i[:12] for i in left)}",
            hint=f"podman rm -f -t0 $(podman ps -aq --filter label={label})",
        )


def exists(name: str) -> bool:
    """Whether podman knows a container of that name (in doubt, yes)."""
    done = _podman("container", "exists", name)
    return done is None or done.code != 1


def labelled(label: str) -> tuple[str, ...]:
    """The ids of all containers with *label* (``name=value``), in whatever state.

    Raises:
        ToolFailed: podman does not say.
    """
    done = _podman("ps", "--all", "--quiet", "--no-trunc", f"--filter=label={label}")
    if done is None or done.code:
        said = "" if done is None else done.error_text[-2000:]
        raise ToolFailed("podman cannot list its containers", said=said)
    return tuple(done.text.split())


def _podman(*arguments: str) -> process.Completed | None:
    """What a short command of podman's came to; None: it did not answer in time."""
    try:
        return process.run(["podman", *arguments], timeout=_PODMAN_TIMEOUT)
    except TimeoutError:
        return None
