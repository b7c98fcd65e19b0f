"""
tries: read, trace, change or end the guest, which has its user id
must: the guest is out of reach
control: none, a privileged container has no guest
"""
import os
import signal

from . import call

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206


def attempts(host):
    for name in ("mem", "environ", "maps", "fd/10", "fd/11", "fd/12", "ns/pid", "root", "cwd"):
        yield name, lambda: open("/proc/1/" + name, "rb").read(1) if "/" not in name else os.readlink("/proc/1/" + name)
    for number in range(32):
        yield "write fd %d" % number, lambda: os.write(os.open("/proc/1/fd/%d" % number, os.O_WRONLY), b"x")
    yield "attach", lambda: call("ptrace", PTRACE_ATTACH, 1, None, None)
    yield "seize", lambda: call("ptrace", PTRACE_SEIZE, 1, None, None)
    yield "process_vm_readv", lambda: call("syscall", 310, 1, None, 0, None, 0, 0)
    yield "pidfd_getfd", lambda: call("syscall", 438, os.pidfd_open(1), 10, 0)
    yield "kcmp", lambda: call("syscall", 312, 1, os.getpid(), 0, 0, 0)
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(1, number)  # delivered to nobody: it is the init of its namespace
