"""
tries: mount something, unmount what hides something, make what is read-only writable
must: refused
control: privileged
"""
from . import call

MS_REMOUNT, MS_BIND = 32, 4096


def attempts(host):
    yield "tmpfs", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    yield "proc", lambda: call("mount", b"proc", b"/tmp", b"proc", 0, None)
    yield "bind", lambda: call("mount", b"/usr", b"/tmp", None, MS_BIND, None)
    yield "overlay", lambda: call("mount", b"overlay", b"/tmp", b"overlay", 0, b"lowerdir=/usr:/etc")
    yield "writable root", lambda: call("mount", b"none", b"/", None, MS_REMOUNT, None)
    yield "writable environment", lambda: call("mount", b"none", b"/podwheel/env", None, MS_REMOUNT | MS_BIND, None)
    yield "umount", lambda: call("umount2", b"/proc/kcore", 2)
    for number, name in ((428, "open_tree"), (430, "fsopen"), (442, "mount_setattr")):
        yield name, lambda: call("syscall", number, -100, b"/", 1, b"", 0)
    yield "fsopen tmpfs", lambda: call("syscall", 430, b"tmpfs", 0)
    yield "chroot", lambda: call("chroot", b"/tmp")
    yield "pivot_root", lambda: call("syscall", 155, b"/tmp", b"/tmp")
