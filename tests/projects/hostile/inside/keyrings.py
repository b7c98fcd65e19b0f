"""
tries: read and fill the kernel's keyrings, which belong to no namespace
must: refused
control: privileged
"""
from . import call, need


def attempts(host):
    yield "keyctl", lambda: call("syscall", 250, 0, -3, 1)
    yield "add_key", lambda: call("syscall", 248, b"user", b"canary", b"x", 1, -3)
    yield "request_key", lambda: call("syscall", 249, b"user", b"canary", None, 0)
    yield "listed", lambda: need(open("/proc/keys").read(1))
