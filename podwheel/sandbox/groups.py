"""One container's control groups on cgroup v1, and the wrapper through which only it joins them.

podman has no hand in them: rootless, it ignores limits on v1. Joining *before* podman starts
puts podman itself under the limit, and got it killed; so a runtime of ours joins on ``create``
and then becomes the real one, whose child the container is.
"""

from __future__ import annotations

import contextlib
import glob
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from podwheel.sandbox.enforcement import WATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.sandbox.enforcement import Enforcement
    from podwheel.sandbox.job import Limits

_PATIENCE = 5.0

_WRAPPER = """\
#!/bin/sh
# podwheel: puts one container into its control groups, then is the real runtime.
for argument; do
    if [ "$argument" = create ]; then
        for group in {groups}; do
            echo $$ >"$group/cgroup.procs" || exit 125
        done
        break
    fi
done
exec {runtime} "$@"
"""


@frozen(kw_only=True)
class Groups:
    """The groups of one container. Made before it starts, removed when it is gone."""

    memory: Path | None
    processes: Path | None
    wrapper: Path | None = field()
    """What podman is given as its runtime; None: its own. podman cannot remove a container
    whose runtime is gone, so the file stays until the container does not."""
    pidfile: Path | None = None
    """Where podman writes the id of its first process; None: nobody needs it."""

    def peak_memory(self) -> int | None:
        """Bytes, page cache and scratch included; None where nobody counts."""
        return _number(self.memory, "memory.max_usage_in_bytes")

    def out_of_memory(self) -> bool | None:
        """Whether the kernel killed a process of the container for lack of memory."""
        return _positive(self.memory, "memory.oom_control", "oom_kill")

    def out_of_processes(self) -> bool | None:
        """Whether a fork was refused."""
        return _positive(self.processes, "pids.events", "max")

    def members(self) -> tuple[int, ...]:
        """The processes that are still in them, by the host's ids: proof that a container is not gone."""
        found: set[int] = set()
        for group in (self.memory, self.processes):
            if group is not None:
                with contextlib.suppress(OSError):
                    found |= {int(p) for p in (group / "cgroup.procs").read_text().split()}
        return tuple(sorted(found))

    def remove(self) -> None:
        """Take groups and wrapper away; the kernel may need a moment after the last process."""
        for group in (self.memory, self.processes):
            if group is not None:
                _remove(group)
        if self.pidfile is not None:
            self.pidfile.unlink(missing_ok=True)
        if self.wrapper is not None:
            self.wrapper.unlink(missing_ok=True)
            self.wrapper.parent.rmdir()


def make(name: str, limits: Limits, enforcement: Enforcement, work: Path) -> Groups:
    """The groups of the container *name*, with their limits set.

    Args:
        work: A directory of the run's; the wrapper is made in it.
    """
    memory = _group(enforcement.memory_groups, name)
    processes = _group(enforcement.process_groups, name)
    if memory is not None and limits.memory is not None:
        # First this, then memory and swap together: the kernel refuses the other order.
        (memory / "memory.limit_in_bytes").write_text(str(limits.memory))
        with contextlib.suppress(OSError):  # no swap accounting in this kernel
            (memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory))
    if processes is not None:
        (processes / "pids.max").write_text(str(limits.processes))
    groups = [g for g in (memory, processes) if g is not None]
    wrapper = _wrap(name, groups, enforcement, work) if groups else None
    pidfile = None
    if enforcement.memory == WATCHED and limits.memory is not None:
        pidfile = work / "pids" / name
        pidfile.parent.mkdir(parents=True, exist_ok=True)
    return Groups(memory=memory, processes=processes, wrapper=wrapper, pidfile=pidfile)


def of_run(prefix: str, *, cgroups: Path) -> dict[str, Groups]:
    """The groups that are there of containers whose names begin with *prefix*; by name."""
    found: dict[str, dict[str, Path]] = {}
    for kind in ("memory", "pids"):
        for group in (cgroups / kind / "podwheel").glob(f"{glob.escape(prefix)}*"):
            found.setdefault(group.name, {})[kind] = group
    return {
        name: Groups(memory=kinds.get("memory"), processes=kinds.get("pids"), wrapper=None)
        for name, kinds in found.items()
    }


def _wrap(name: str, groups: list[Path], enforcement: Enforcement, work: Path) -> Path:
    # podman decides what a runtime can do by the last part of its path: it must be called crun.
    real = Path(enforcement.runtime)
    wrapper = work / "runtime" / name / real.name
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(
        _WRAPPER.format(
            groups=" ".join(shlex.quote(str(g)) for g in groups), runtime=shlex.quote(str(real))
        )
    )
    wrapper.chmod(0o755)
    return wrapper


def _group(parent: Path | None, name: str) -> Path | None:
    if parent is None:
        return None
    group = parent / name
    group.mkdir(exist_ok=True)
    return group


def _remove(group: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                return  # an empty group costs nothing; the run's end matters more
            time.sleep(0.02)
        else:
            return


def _number(group: Path | None, file: str) -> int | None:
    if group is None:
        return None
    try:
        return int((group / file).read_text())
    except (OSError, ValueError):
        return None


def _positive(group: Path | None, file: str, key: str) -> bool | None:
    if group is None:
        return None
    for name, value in _pairs(group / file):
        if name == key:
            return int(value) > 0
    return None


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    """The lines of a control file that are a name and a number."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" ")
            if value.isdigit():
                yield name, value
