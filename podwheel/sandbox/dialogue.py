"""One container as a dialogue: asked, watched, and confirmed gone.

Nothing that a session received counts before its context has ended: only then is the
container known to be gone, and `Session.outcome` known.
"""

from __future__ import annotations

import contextlib
import enum
import math
import time
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import frozen

from podwheel import log as events
from podwheel.errors import PodwheelError, ToolFailed
from podwheel.sandbox.container import Container
from podwheel.sandbox.files import receive_files
from podwheel.sandbox.frames import HungUp, Misspoken, Wire
from podwheel.sandbox.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from podwheel.sandbox.groups import Groups
    from podwheel.sandbox.job import Job
    from podwheel.sandbox.log import Pump

_START_PATIENCE = 180.0  # podman on a machine with all cores busy
_EXIT_PATIENCE = 30.0
_ENGINE_CODES = frozenset({125, 126, 127, 255})


class Ended(enum.Enum):
    """How a container ended."""

    OK = "ok"
    """The guest took its leave, and podman removed the container."""
    FAILED = "failed"
    """The guest ended otherwise."""
    TIMED_OUT = "timed out"
    SILENT = "silent"
    KILLED = "killed"
    """By a signal, for lack of memory, by us because of what it sent, or because we gave it up."""
    ENGINE = "engine"
    """podman or the runtime failed; the build is not to blame."""


@frozen(kw_only=True)
class Outcome:
    """What is known once the container is gone."""

    code: int | None
    """podman's exit code; None if it was never started. It proves nothing about the build."""
    ended: Ended
    seconds: float
    """From the start to the confirmed end."""
    cpu_seconds: float | None
    """Of guest and children, as the guest counted: a claim."""
    hooks_cpu_seconds: float | None
    """Of its children alone, likewise: what the package's own hooks used."""
    peak_memory: int | None
    """Bytes: of the control group where there is one (scratch included), else the guest's claim
    about its largest process."""
    reason: str = ""
    """For people, where it is not OK."""
    out_of_memory: bool | None = None
    """The kernel killed something in it for lack of memory (perhaps only a compiler); None: nobody counts."""
    out_of_processes: bool | None = None
    """A fork was refused; None: nobody counts."""


class GuestGone(Exception):
    """The guest cannot answer any more; `Session.outcome` will say how it ended."""


class _Stop(Exception):
    """A limit is reached: ends a wait."""

    def __init__(self, ended: Ended, reason: str) -> None:
        super().__init__(reason)
        self.ended = ended


class Session:
    """A running guest. Made by `Sandbox.session`; used by one thread at a time."""

    outcome: Outcome
    """Set when the context has ended."""

    def __init__(
        self,
        job: Job,
        groups: Groups,
        *,
        pump_to: Callable[[int], Pump],
        is_ending: Callable[[], bool],
    ) -> None:
        self._job = job
        self._groups = groups
        self._pump_to = pump_to
        self._is_ending = is_ending
        self._container = Container(job.name, groups)
        self._pump: Pump | None = None
        self._wire: Wire | None = None
        self._started = time.monotonic()
        self._asked = self._started
        self._busy = 0.0
        self._greeted = False
        self._said_goodbye = False
        self._stopped: tuple[Ended, str] | None = None
        self._gone = False
        self._watch = None if groups.pidfile is None else Watch(groups.pidfile)
        self._usage: dict[str, Any] = {}

    # ------------------------------------------------------------ the dialogue

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and return the body of its reply: the word of a hostile container.

        Args:
            request: JSON; its operations are those of the job's guest program.

        Raises:
            GuestGone: It died, reached a limit, or does not speak as our guest does.
        """
        with self._listening(request) as wire:
            return self._reply(self._frame(wire))

    def receive(
        self, request: Mapping[str, Any], into: Path, *, limit: int | None = None
    ) -> dict[str, Any]:
        """Send a request whose reply comes after files; they are written below *into*, mode 0600.

        Args:
            into: An existing directory that nobody else writes to.
            limit: Bytes of all files; None: the job's.

        Returns:
            The reply's body; without ``"ok": true`` there were no files.

        Raises:
            GuestGone: As for `ask`.
            WheelRejected: What came is not a stream of regular files with plain names.
            DiskFull: The file system of *into* is full.
        """
        with self._listening(request) as wire:
            header = self._frame(wire)
            if header["frame"] == "reply":
                return self._reply(header)
            last: list[dict[str, Any]] = []
            most = self._job.limits.output if limit is None else limit
            try:
                receive_files(self._pieces(wire, header, last), into, limit=most)
            except PodwheelError as error:
                self._stop(Ended.KILLED, error.what)
                raise
            return self._reply(last[0])

    def close(self) -> None:
        """Let the guest go. The context does it as well; idempotent."""
        if self._gone or self._stopped or self._said_goodbye:
            return
        with contextlib.suppress(GuestGone):
            self.ask({"op": "exit"})
            self._said_goodbye = True

    def _pieces(
        self, wire: Wire, header: dict[str, Any], last: list[dict[str, Any]]
    ) -> Iterator[bytes]:
        """The data until the reply, which goes into *last*."""
        while header["frame"] == "data":
            yield wire.data(header)
            header = self._frame(wire)
        last.append(header)

    def _frame(self, wire: Wire) -> dict[str, Any]:
        header = wire.frame()
        if not self._greeted:
            if header["frame"] != "hello":
                raise Misspoken("it did not begin with a greeting")
            self._greeted = True
            if header.get("undumpable") is not True:
                events.get().warning("sandbox.dumpable", container=self._job.name)
            header = wire.frame()
        if header["frame"] == "hello":
            raise Misspoken("it greeted twice")
        return header

    def _reply(self, header: dict[str, Any]) -> dict[str, Any]:
        body, usage = header.get("body"), header.get("usage")
        if header["frame"] != "reply" or not isinstance(body, dict):
            raise Misspoken(f"a {header['frame']} frame where a reply was due")
        if isinstance(usage, dict):
            self._usage = usage
        return body

    @contextlib.contextmanager
    def _listening(self, request: Mapping[str, Any]) -> Iterator[Wire]:
        """One request's time: the clock runs, and whatever goes wrong ends as GuestGone."""
        if self._wire is None or self._stopped:
            raise GuestGone(self._stopped[1] if self._stopped else "it is not running")
        self._asked = time.monotonic()
        try:
            self._wire.send(request)
            yield self._wire
        except _Stop as stop:
            self._give_up(stop.ended, str(stop))
        except Misspoken as error:
            self._give_up(Ended.KILLED, f"it does not speak as our guest does: {error}")
        except HungUp:
            self._hung_up()
        finally:
            self._busy += time.monotonic() - self._asked

    def _check(self) -> None:
        """Called while waiting: is there still a point in it?"""
        now, limits = time.monotonic(), self._job.limits
        assert self._pump is not None, "the wire is made after the pump"
        if self._is_ending():
            raise _Stop(Ended.KILLED, "podwheel is ending")
        if self._busy + now - self._asked > limits.wall:
            raise _Stop(Ended.TIMED_OUT, f"it took longer than {limits.wall:.0f} s")
        if now - max(self._asked, self._pump.last_heard) > limits.silence:
            raise _Stop(Ended.SILENT, f"it printed nothing for {limits.silence:.0f} s")
        most = limits.memory
        if self._watch is not None and most is not None and self._watch.used() > most:
            raise _Stop(Ended.KILLED, "its memory limit was reached")
        if not self._greeted and now - self._started > _START_PATIENCE:
            raise _Stop(Ended.ENGINE, f"podman did not start it within {_START_PATIENCE:.0f} s")

    def _stop(self, ended: Ended, reason: str) -> None:
        self._stopped = self._stopped or (ended, reason)
        if self._wire is not None:
            self._wire.close()  # a podman that writes to a full pipe would not end either
        self._container.kill()

    def _give_up(self, ended: Ended, reason: str) -> NoReturn:
        self._stop(ended, reason)
        raise GuestGone(reason) from None

    def _hung_up(self) -> NoReturn:
        """The guest's output has ended in the middle of a request: how, podman's code says."""
        code = self._container.wait(_EXIT_PATIENCE)
        ended, reason = self._meaning(code)
        self._stopped = (ended, reason)
        if self._pump is not None:
            self._pump.join(1)
            reason = f"{reason}\n{self._pump.tail}".strip() if ended is Ended.ENGINE else reason
        raise GuestGone(reason) from None

    def _meaning(self, code: int | None) -> tuple[Ended, str]:
        if self._said_goodbye and code == 0:
            return Ended.OK, ""
        if code is None:
            return Ended.KILLED, "it closed its output and stayed"
        if code in _ENGINE_CODES:
            return Ended.ENGINE, f"podman failed (exit code {code})"
        if code == 137 or code < 0:
            if self._groups.out_of_memory():
                return Ended.KILLED, "its memory limit was reached"
            return Ended.KILLED, "it was killed"
        return Ended.FAILED, f"the guest ended with exit code {code}"

    # ------------------------------------------------------------ start and end

    def start(self, arguments: tuple[str, ...]) -> None:
        """Start the container (`Sandbox.session` calls it)."""
        requests, frames, errors = self._container.start(arguments)
        self._pump = self._pump_to(errors)
        self._pump.start()
        self._wire = Wire(requests, frames, self._check)

    def end(self, *, given_up: bool) -> None:
        """See to it that the container is gone, and set the outcome (`Sandbox.session` calls it).

        Raises:
            ToolFailed: It cannot be removed; the outcome is then ENGINE.
        """
        if given_up:
            self._stopped = self._stopped or (Ended.KILLED, "it was given up")
        else:
            self.close()
        trouble: ToolFailed | None = None
        try:
            code = self._see_off()
        except ToolFailed as error:
            code, trouble = None, error
            self._stopped = (Ended.ENGINE, error.what)
        if self._wire is not None:
            self._wire.close()
        if self._pump is not None:
            self._pump.join(_EXIT_PATIENCE)
            if self._pump.trouble is not None:
                events.get().warning("sandbox.log_incomplete", error=str(self._pump.trouble))
        ended, reason = self._stopped or self._meaning(code)
        peak = self._groups.peak_memory()
        self.outcome = Outcome(
            code=code,
            ended=ended,
            seconds=time.monotonic() - self._started,
            cpu_seconds=_amount(self._usage.get("cpu_seconds")),
            hooks_cpu_seconds=_amount(self._usage.get("children_cpu_seconds")),
            peak_memory=peak if peak is not None else _bytes(self._usage.get("largest_process")),
            reason=reason,
            out_of_memory=self._groups.out_of_memory(),
            out_of_processes=self._groups.out_of_processes(),
        )
        self._gone = True
        if trouble is None:
            self._groups.remove()
        elif not given_up:
            raise trouble

    def _see_off(self) -> int | None:
        """podman's exit code, with the container confirmed gone."""
        if self._said_goodbye and self._wire is not None and not self._stopped:
            self._wire.end_requests()
            # 0 comes from the container's own end, and --rm has removed it. Nothing else proves that:
            # when conmon dies, podman says 127 while the payload still runs.
            if self._container.wait(_EXIT_PATIENCE) == 0 and not self._groups.members():
                return 0
        if self._wire is not None:
            self._wire.close()
        return self._container.destroy()


def _amount(value: Any) -> float | None:
    """A number that a guest claims, if it is one."""
    ok = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if ok and 0 <= value < 1e12 and math.isfinite(value) else None


def _bytes(value: Any) -> int | None:
    amount = _amount(value)
    return None if amount is None else int(amount)
