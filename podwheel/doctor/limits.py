"""What is enforced of a build's limits, and what is only asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.doctor.check import Check, degraded, fine
from podwheel.doctor.engine import cgroup_tree
from podwheel.doctor.host import Identity
from podwheel.sandbox.capacity import default_limits, memory_here
from podwheel.sandbox.enforcement import WATCHED, size

if TYPE_CHECKING:
    from podwheel.doctor.host import Host
    from podwheel.sandbox import Enforcement

_DELEGATE = (
    "mkdir -p /etc/systemd/system/user@.service.d && "
    "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
    "> /etc/systemd/system/user@.service.d/podwheel.conf && systemctl daemon-reload"
)


def memory(host: Host, enforcement: Enforcement) -> Check:
    """Whether the kernel keeps one container within ``--memory``."""
    name = "memory limit"
    if enforcement.memory != WATCHED:
        most = default_limits(2, memory=memory_here()).memory or 0
        return fine(
            name, f"enforced: {enforcement.memory} (unless said otherwise {size(most)} a step)"
        )
    means, mend = _why(host, "memory")
    return degraded(
        name,
        enforcement.memory,
        "once a second: many processes that allocate at once may take more for a moment, and which "
        f"process the kernel kills when memory is gone is its choice. {means}",
        *mend,
    )


def others(enforcement: Enforcement) -> Check:
    """The limits that hold on every host, as they are unless somebody says otherwise."""
    facts = dict(enforcement.facts(default_limits(2, memory=memory_here())))
    told = ("scratch", "time", "silence", "output", "log", "open files")
    return fine(
        "other limits", ", ".join(f"{name} {facts[name].replace(': ', ' (')})" for name in told)
    )


def processes(host: Host, enforcement: Enforcement) -> Check:
    """Whether the kernel counts one container's processes."""
    name = "process limit"
    if "processes" not in enforcement.weak:
        return fine(name, f"enforced: {enforcement.processes}")
    means, mend = _why(host, "pids")
    return degraded(
        name,
        enforcement.processes,
        "not counted container by container, but user id by user id (each step has its own); no one "
        f"tells a build that ran into it from one that failed. {means}",
        *mend,
    )


def _why(host: Host, controller: str) -> tuple[str, tuple[str, ...]]:
    """The reason, and what gives the account the controller."""
    tree = cgroup_tree(host)
    if tree == "v2":
        if host.path("/run/systemd/system").is_dir():
            return (
                f"The controller {controller} is not delegated to the account's session.",
                (
                    host.mender.as_root(_DELEGATE),
                    host.mender.as_root(f"loginctl enable-linger {host.account}"),
                ),
            )
        return (
            f"Without systemd nobody delegates {controller} to the account (docs/host.md, limits).",
            (),
        )
    hierarchy = f"/sys/fs/cgroup/{controller}"
    if not host.path(hierarchy).is_dir() or _read_only(host):
        return f"The container around us holds no writable {hierarchy}.", ()
    if host.identity is Identity.NAMESPACE_ROOT:
        return f"The root of a user namespace cannot take {hierarchy} for itself.", ()
    place = f"{hierarchy}/podwheel"
    return (
        f"On cgroup v1 podwheel enforces it in {place}, if that is the account's; gone at a boot.",
        (host.mender.as_root(f"install -d -o {host.account} -g {host.group} {place}"),),
    )


def _read_only(host: Host) -> bool:
    """Whether the control groups are mounted read-only, as container engines do."""
    for line in host.read("/proc/self/mounts").splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[1] == "/sys/fs/cgroup":
            return "ro" in fields[3].split(",")
    return False
