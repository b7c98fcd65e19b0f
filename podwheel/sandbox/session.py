"""The run's containers: each started as a `Session`, and every one put away.

Nothing that a session received counts before its context has ended: only then is the
container known to be gone, and `Session.outcome` known.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from podwheel import log as events
from podwheel import process
from podwheel.sandbox import container as containers
from podwheel.sandbox import enforcement, groups, uids
from podwheel.sandbox.arguments import HOSTS, podman_arguments
from podwheel.sandbox.dialogue import Ended, GuestGone, Outcome, Session
from podwheel.sandbox.leftovers import LABEL, prefix_of
from podwheel.sandbox.log import Pump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from podwheel.sandbox.enforcement import Enforcement
    from podwheel.sandbox.job import Job, Limits

__all__ = ["Ended", "GuestGone", "Outcome", "Sandbox", "Session"]

_HERE = Path(__file__).parent
_SECCOMP = _HERE / "seccomp.json"


class Sandbox:
    """Starts the containers of one run, and puts every one of them away.

    Args:
        run_id: Goes into names and labels: letters, digits, ``-``.
        work: A directory of this run's; must outlive its containers. Made if missing.
        enforcement: What `measure` found; None: measured when first needed.
    """

    def __init__(self, *, run_id: str, work: Path, enforcement: Enforcement | None = None) -> None:
        self.run_id = run_id
        self.closing = False
        self._work = work
        self._lock = threading.Lock()
        self._enforcement = enforcement
        self._guest: Path | None = None
        self._numbers = itertools.count(1)
        self._running: set[Session] = set()

    @property
    def enforcement(self) -> Enforcement:
        """Which limits hold on this host."""
        with self._lock:
            if self._enforcement is None:
                self._enforcement = enforcement.measure()
                if self._enforcement.weak:
                    events.get().warning("sandbox.weak", limits=self._enforcement.weak)
            return self._enforcement

    def enforced(self, limits: Limits) -> tuple[tuple[str, str], ...]:
        """What held for the containers so far; nothing, where there was none."""
        with self._lock:
            return () if self._enforcement is None else self._enforcement.facts(limits)

    @contextlib.contextmanager
    def session(
        self, job: Job, *, log: Path, watch: Callable[[str], None] | None = None
    ) -> Iterator[Session]:
        """Run *job*'s container for the length of the context. Any number at once, from any threads.

        Args:
            log: Gets everything that the container prints (and podman's own messages); appended.
            watch: Gets each line of it, made visible; called from a thread of its own.

        Raises:
            GuestGone: The sandbox has been reaped.
            ToolFailed: The container could not be removed.
            HostError: A mount that podman cannot be given, or no podman.
        """
        with self._prepared(job, interactive=False) as (job, held, arguments):
            session = Session(
                job,
                held,
                pump_to=lambda source: Pump(source, log, job.limits.log, watch),
                is_ending=lambda: self.closing,
            )
            with self._lock:
                self._running.add(session)
            said = events.get().bind(container=job.name)
            said.debug("sandbox.start", image=job.image, program=job.program)
            try:
                try:
                    session.start(arguments)
                    yield session
                except BaseException:
                    session.end(given_up=True)
                    raise
                session.end(given_up=False)
            finally:
                with self._lock:
                    self._running.discard(session)
                if hasattr(session, "outcome"):
                    said.debug(
                        "sandbox.end", ended=session.outcome.ended.value, code=session.outcome.code
                    )

    def interactive(self, job: Job) -> int:
        """Run *job* on the caller's terminal, or its pipes; the exit code of what ran last in it."""
        with self._prepared(job, interactive=True) as (job, held, arguments):
            try:
                return process.foreground(
                    ["podman", *arguments], environment=process.host_environment()
                )
            finally:
                containers.Container(job.name, held).destroy()
                held.remove()

    def reap(self) -> None:
        """Remove every container of this run and refuse new ones: after the run, or after Ctrl-C.

        Raises:
            ToolFailed: Some cannot be removed.
        """
        self.closing = True  # sessions see it within half a second, and put their own away
        with self._lock:
            if self._guest is None:
                return  # not one was started: a run from the store asks podman nothing
        containers.remove_all(f"{LABEL}={self.run_id}", ended=self._none_is_running)
        shutil.rmtree(self._work / "guest", ignore_errors=True)

    def _none_is_running(self) -> bool:
        with self._lock:
            return not self._running

    @contextlib.contextmanager
    def _prepared(
        self, job: Job, *, interactive: bool
    ) -> Iterator[tuple[Job, groups.Groups, tuple[str, ...]]]:
        """The job under a name and a uid of its own, its control groups, and podman's arguments."""
        if self.closing:
            raise GuestGone("podwheel is ending")
        number = next(self._numbers)
        slug = re.sub(r"[^a-zA-Z0-9]+", "-", job.name).strip("-")[:60]
        labels = {**dict(job.labels), LABEL: self.run_id}
        name = f"{prefix_of(self.run_id)}{number}-{slug}"
        with uids.claimed(job.slot) as slot:
            job = evolve(job, name=name, labels=tuple(sorted(labels.items())), slot=slot)
            yield (job, *self._arguments(job, interactive=interactive))

    def _arguments(self, job: Job, *, interactive: bool) -> tuple[groups.Groups, tuple[str, ...]]:
        held = groups.make(job.name, job.limits, self.enforcement, self._work)
        try:
            arguments = podman_arguments(
                job,
                guest=self._guest_directory(),
                seccomp=_SECCOMP,
                runtime=held.wrapper,
                enforcement=self.enforcement,
                interactive=interactive,
                terminal=sys.stdin is not None and sys.stdin.isatty(),
                pidfile=held.pidfile,
            )
        except BaseException:
            held.remove()
            raise
        return held, arguments

    def _guest_directory(self) -> Path:
        """A copy that a subordinate id can read, whatever umask podwheel was installed with."""
        with self._lock:
            if self._guest is None:
                place = self._work / "guest"
                place.mkdir(parents=True, exist_ok=True)
                for source in (_HERE / "guest").glob("*.py"):
                    copy = place / source.name
                    copy.write_bytes(source.read_bytes())
                    copy.chmod(0o644)
                hosts = place / HOSTS
                hosts.write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="ascii")
                hosts.chmod(0o644)
                place.chmod(0o755)
                self._guest = place
            return self._guest
