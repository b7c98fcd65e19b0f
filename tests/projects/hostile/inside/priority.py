"""
tries: take the processors for itself, raise its limits, pin memory
must: refused
control: none, podman's own limits hold in a privileged container too
"""
import os
import resource

from . import need


def attempts(host):
    yield "nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20)
    yield "real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    for name in ("RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE"):
        kind = getattr(resource, name, None) if name != "RLIMIT_MSGQUEUE" else 12
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            yield name, lambda: resource.setrlimit(kind, (hard + 1, hard + 1))
    yield "core dumps", lambda: need(resource.getrlimit(resource.RLIMIT_CORE)[1])
