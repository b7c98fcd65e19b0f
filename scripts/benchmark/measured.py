"""A command's time, CPU time and peak memory, with everything that it left behind counted in.

podman's containers are no children of the command: conmon forks away from it. But a process
that says so adopts the orphans among its descendants (``PR_SET_CHILD_SUBREAPER``, prctl(2)), and
may then wait for them, and the kernel adds up what they used. So containers are counted, of
podwheel and of every other tool alike, and nothing that other people run on the machine is.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

TOOK_TOO_LONG = 124
"""The code of such a command, as `timeout` has it."""

_PR_SET_CHILD_SUBREAPER = 36
_LINGER = 10.0
"""Seconds that what a command left behind (podman's clean-up) gets to end by itself."""
_LASTING = ("podman", "catatonit")
"""What keeps a session's namespaces: an orphan that stays, idle."""


@dataclass(frozen=True)
class Measured:
    code: int
    seconds: float
    cpu: float
    """Seconds, user and system."""
    peak: int
    """Bytes, of the largest process."""

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def adopt() -> None:
    """From now on orphans of this process's descendants are its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def run(
    command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, said: Path, limit: float
) -> Measured:
    """Run a command to its end, at most *limit* seconds; what it prints is added to the file *said*.

    The caller has called `adopt`, and is the main thread.
    """
    before = _children()
    words = [str(word) for word in command]
    with said.open("ab") as out:
        out.write(f"$ {' '.join(words)}\n".encode())
        out.flush()
        started = time.monotonic()
        process = subprocess.Popen(
            words, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    used = _Used()
    try:
        with _alarm(limit):
            code = used.wait_for(process.pid)
    except TimeoutError:
        process.terminate()
        try:
            with _alarm(60):
                used.wait_for(process.pid)
        except TimeoutError:
            process.kill()
            used.wait_for(process.pid)
        code = TOOK_TOO_LONG
    seconds = time.monotonic() - started
    process.returncode = code  # waited for already
    used.wait_for_rest(before, until=time.monotonic() + _LINGER)
    return Measured(code=code, seconds=seconds, cpu=used.cpu, peak=used.peak)


class _Used:
    """What processes used that were waited for."""

    def __init__(self) -> None:
        self.cpu, self.peak = 0.0, 0

    def wait_for(self, wanted: int) -> int:
        """Wait for whatever ends, until *wanted* does; returns its exit code."""
        while True:
            pid, status = self._wait(0)
            if pid == wanted:
                return os.waitstatus_to_exitcode(status)

    def wait_for_rest(self, before: frozenset[int], *, until: float) -> None:
        """Wait for children that were not there *before*, but for those that stay."""
        while _children() - before and time.monotonic() < until:
            if self._wait(os.WNOHANG)[0]:
                continue
            if all(_stays(pid) for pid in _children() - before):
                return
            time.sleep(0.02)

    def _wait(self, flags: int) -> tuple[int, int]:
        pid, status, used = os.wait4(-1, flags)
        if pid:
            self.cpu += used.ru_utime + used.ru_stime
            self.peak = max(self.peak, used.ru_maxrss * 1024)
        return pid, status


def _children() -> frozenset[int]:
    return frozenset(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def _stays(pid: int) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name in _LASTING and "cleanup" not in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError

    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
