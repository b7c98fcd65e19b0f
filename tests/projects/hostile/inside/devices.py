"""
tries: make a device, and open those of the host
must: none but null, zero, full, random and the like
control: privileged
"""
import os
import stat

HARMLESS = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "stdin", "stdout", "stderr", "fd", "shm", "core", "pts", "mqueue"}


def attempts(host):
    for name, kind, number in (("memory", stat.S_IFCHR, (1, 1)), ("disk", stat.S_IFBLK, (8, 0)), ("null", stat.S_IFCHR, (1, 3))):
        place = "/tmp/" + name
        yield "mknod " + name, lambda: os.mknod(place, kind | 0o666, os.makedev(*number))
    for name in sorted({"mem", "kmem", "kmsg", "fuse", "kvm", "sda", "vda", "loop0", "console", "net/tun", *os.listdir("/dev")} - HARMLESS):
        yield name, lambda: os.close(os.open("/dev/" + name, os.O_RDWR | os.O_NONBLOCK))
