"""Which limits hold on this host, and how: measured, recorded, and shown by ``podwheel doctor``.

What was *asked* says nothing: on cgroup v1 a rootless podman ignores ``--memory`` and
``--pids-limit`` with exit code 0.
"""

from __future__ import annotations

import enum
import json
import os
import resource
from pathlib import Path

from attrs import frozen

from podwheel import process
from podwheel.errors import ToolFailed

CGROUPS = Path("/sys/fs/cgroup")
_OPEN_FILES = 65536
_INFO_TIMEOUT = 60


class Cgroups(enum.Enum):
    """Who keeps a container within its memory and processes."""

    V1 = "cgroup v1"
    """Groups below directories that root once gave to the account; a runtime wrapper joins them."""
    V2 = "cgroup v2"
    """podman, by the delegation that it found."""
    NONE = "none"


@frozen(kw_only=True)
class Enforcement:
    """The limits that hold. Plain data: it goes into the record as it is."""

    cgroups: Cgroups
    runtime: str
    """Absolute path of podman's OCI runtime."""
    memory: str
    """How memory is held, or ``not enforced``."""
    processes: str
    open_files: int
    """``ulimit -n`` inside: no more than the account's own."""
    processes_ceiling: int
    """The account's own ``ulimit -u``: nothing inside can be given more."""
    memory_groups: Path | None = None
    """Below it, on v1, is one memory group a container."""
    process_groups: Path | None = None

    @property
    def podman_limits(self) -> bool:
        """Whether podman is told ``--memory`` and ``--pids-limit``."""
        return self.cgroups is Cgroups.V2

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What held, for records."""
        return (
            ("cgroups", self.cgroups.value),
            ("memory", self.memory),
            ("processes", self.processes),
        )

    @property
    def complete(self) -> bool:
        """Whether memory and processes are both held by the kernel, container by container."""
        return NOT_ENFORCED not in (self.memory, self.processes) and "only" not in self.processes

    def lines(self) -> tuple[str, ...]:
        """For people: a line a limit."""
        return (
            f"memory: {self.memory}",
            f"processes: {self.processes}",
            "scratch: sized tmpfs",
            "time and silence: podwheel's own clock",
        )


NOT_ENFORCED = "not enforced"
_ULIMIT = "ulimit nproc only"


def measure(*, cgroups: Path = CGROUPS) -> Enforcement:
    """Ask podman and the kernel.

    Args:
        cgroups: Where the control groups are mounted.

    Raises:
        ToolMissing: There is no podman.
        ToolFailed: It does not describe itself.
    """
    version, controllers, runtime = _podman()
    memory_groups = process_groups = None
    memory, processes = NOT_ENFORCED, _ULIMIT
    how = Cgroups.NONE
    if version == "v2":
        if "memory" in controllers:
            memory, how = Cgroups.V2.value, Cgroups.V2
        if "pids" in controllers:
            processes, how = f"{Cgroups.V2.value} + ulimit nproc", Cgroups.V2
    else:
        memory_groups = _delegated(cgroups / "memory" / "podwheel", "memory.limit_in_bytes")
        process_groups = _delegated(cgroups / "pids" / "podwheel", "pids.max")
        if memory_groups:
            memory, how = Cgroups.V1.value, Cgroups.V1
        if process_groups:
            processes, how = f"{Cgroups.V1.value} + ulimit nproc", Cgroups.V1
    return Enforcement(
        cgroups=how,
        runtime=runtime,
        memory=memory,
        processes=processes,
        open_files=_own(resource.RLIMIT_NOFILE, _OPEN_FILES),
        processes_ceiling=_own(resource.RLIMIT_NPROC, 1 << 22),
        memory_groups=memory_groups,
        process_groups=process_groups,
    )


def _podman() -> tuple[str, tuple[str, ...], str]:
    """The cgroup version, the controllers that podman may use, and the runtime's path."""
    try:
        done = process.run(["podman", "info", "--format=json"], timeout=_INFO_TIMEOUT)
    except TimeoutError:
        raise ToolFailed(
            f"podman did not describe itself within {_INFO_TIMEOUT} s (podman info)",
            hint="another podman of this account may hold the lock of its storage, or the machine is overloaded: try again",
        ) from None
    try:
        host = json.loads(done.out)["host"]
        return (
            str(host["cgroupVersion"]),
            tuple(host.get("cgroupControllers") or ()),
            str(host["ociRuntime"]["path"]),
        )
    except (ValueError, KeyError, TypeError):
        raise ToolFailed(
            "podman cannot describe itself (podman info)",
            said=done.error_text[-2000:],
            hint="podwheel doctor says more",
        ) from None


def _delegated(directory: Path, limit: str) -> Path | None:
    """*directory* if the account can make groups in it that take a limit (not merely a directory of that name)."""
    group = directory / f"measure-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        return None
    try:
        return directory if os.access(group / limit, os.W_OK) else None
    finally:
        group.rmdir()


def _own(which: int, ceiling: int) -> int:
    """A limit that a rootless container can be given: nobody inside can raise our own."""
    hard = resource.getrlimit(which)[1]
    return ceiling if hard == resource.RLIM_INFINITY else min(hard, ceiling)
