"""
tries: write to the kernel's files in /proc and /sys, some of which start programs on the host
must: none can be written
control: privileged
"""
import os

from . import need

PLACES = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
    "/proc/sys/net/ipv4/ip_forward", "/proc/sys/fs/binfmt_misc/register", "/proc/sysrq-trigger", "/proc/irq/0/smp_affinity",
    "/proc/1/oom_score_adj", "/proc/acpi/wakeup", "/proc/kcore", "/proc/timer_list",
    "/sys/kernel/uevent_helper", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max",
    "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/power/state",
)


def attempts(host):
    for place in PLACES:
        yield place, lambda: opened(place)
    yield "lower oom_score_adj", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000")
    yield "map ids", lambda: os.write(os.open("/proc/self/uid_map", os.O_WRONLY), b"0 0 1")


def opened(place):
    """What podman hides is a null device."""
    number = os.open(place, os.O_WRONLY)
    try:
        need(os.fstat(number).st_rdev != os.makedev(1, 3))
    finally:
        os.close(number)
