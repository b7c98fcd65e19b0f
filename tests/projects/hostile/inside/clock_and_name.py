"""
tries: set the machine's clock and names
must: refused
control: privileged
"""
import socket
import time

from . import call


def attempts(host):
    yield "clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time())
    yield "hostname", lambda: socket.sethostname("canary")
    yield "domain name", lambda: call("setdomainname", b"canary", 6)
    yield "the host's name", lambda: open("/etc/hostname").read().index(host["name"])
    yield "the host's name, by the kernel", lambda: socket.gethostname().index(host["name"])
