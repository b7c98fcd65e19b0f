"""
tries: be root in a new user namespace, where every capability is to be had
must: no namespace of any kind is made or entered
control: privileged
"""
import os
import platform

from . import call

KINDS = {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000, "pid": 0x20000000, "uts": 0x4000000, "ipc": 0x8000000, "cgroup": 0x2000000}


def attempts(host):
    for kind, flag in KINDS.items():
        yield "unshare " + kind, lambda: in_a_child(lambda: call("unshare", flag))
    if platform.machine() == "x86_64":
        yield "clone", lambda: end(call("syscall", 56, KINDS["user"] | 17, 0, 0, 0, 0))
        yield "clone3", lambda: end(call("syscall", 435, b"\0\0\0\x10" + bytes(84), 88))
    for kind in ("net", "mnt", "pid", "user"):
        yield "setns " + kind, lambda: call("setns", os.open("/proc/1/ns/" + kind, os.O_RDONLY), 0)


def end(child):
    if child == 0:
        os._exit(0)


def in_a_child(attempt):
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
