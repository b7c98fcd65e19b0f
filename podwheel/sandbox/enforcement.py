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
from typing import TYPE_CHECKING

from attrs import frozen

from podwheel import process
from podwheel.errors import ToolFailed

if TYPE_CHECKING:
    from podwheel.sandbox.job import Limits

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
    """How memory is held: the kind of control group, or `WATCHED`."""
    processes: str
    open_files: int
    """``ulimit -n`` inside: no more than the account's own."""
    processes_ceiling: int
    """The account's own ``ulimit -u``, or podman's: nothing inside can be given more."""
    memory_groups: Path | None = None
    """Below it, on v1, is one memory group a container."""
    process_groups: Path | None = None

    @property
    def podman_limits(self) -> bool:
        """Whether podman is told ``--memory`` and ``--pids-limit``."""
        return self.cgroups is Cgroups.V2

    @property
    def weak(self) -> tuple[str, ...]:
        """Which limits the kernel does not hold, container by container."""
        held = {"memory": self.memory != WATCHED, "processes": self.processes != COUNTED}
        return tuple(name for name, by_the_kernel in held.items() if not by_the_kernel)

    def facts(self, limits: Limits) -> tuple[tuple[str, str], ...]:
        """Each limit with how it was held, for records."""
        memory = "no limit" if limits.memory is None else f"{size(limits.memory)}: {self.memory}"
        processes = min(limits.processes, self.processes_ceiling)
        return (
            ("cgroups", self.cgroups.value),
            ("memory", memory),
            ("processes", f"{processes}: {self.processes}"),
            ("open files", f"{self.open_files}: ulimit"),
            ("scratch", f"{size(limits.scratch)}: {_SIZED}"),
            ("time", f"{limits.wall:.0f} s: {_CLOCK}"),
            ("silence", f"{limits.silence:.0f} s: {_CLOCK}"),
            ("output", f"{size(limits.output)}: {_COUNTED_HERE}"),
            ("log", f"{size(limits.log)}: {_COUNTED_HERE}"),
        )


WATCHED = "ulimit data a process, and podwheel watches the sum"
COUNTED = "ulimit nproc only"
_SIZED = "sized tmpfs"
_CLOCK = "podwheel's clock"
_COUNTED_HERE = "podwheel counts"


def size(amount: int) -> str:
    """``8 GiB``, ``192 MiB``."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if amount >= 1 << shift:
            return f"{amount / (1 << shift):.1f}".removesuffix(".0") + f" {unit}"
    return f"{amount} B"


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
    memory, processes = WATCHED, COUNTED
    how = Cgroups.NONE
    if version == "v2":
        if "memory" in controllers:
            memory, how = Cgroups.V2.value, Cgroups.V2
        if "pids" in controllers:
            processes, how = Cgroups.V2.value, Cgroups.V2
    else:
        memory_groups = _delegated(cgroups / "memory" / "podwheel", "memory.limit_in_bytes")
        process_groups = _delegated(cgroups / "pids" / "podwheel", "pids.max")
        if memory_groups:
            memory, how = Cgroups.V1.value, Cgroups.V1
        if process_groups:
            processes, how = Cgroups.V1.value, Cgroups.V1
    return Enforcement(
        cgroups=how,
        runtime=runtime,
        memory=memory,
        processes=processes,
        open_files=_own(resource.RLIMIT_NOFILE, _OPEN_FILES),
        processes_ceiling=_own(resource.RLIMIT_NPROC, _most_processes()),
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


def _most_processes() -> int:
    """What podman lowers its own ``ulimit -u`` to: as many as there are process ids."""
    try:
        return int(Path("/proc/sys/kernel/pid_max").read_text())
    except (OSError, ValueError):
        return 1 << 15


def _own(which: int, ceiling: int) -> int:
    """A limit that a rootless container can be given: nobody inside can raise our own."""
    hard = resource.getrlimit(which)[1]
    return ceiling if hard == resource.RLIM_INFINITY else min(hard, ceiling)
