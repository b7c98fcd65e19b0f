"""
tries: find what another step left in scratch, shared memory or an abstract socket, and leave the same
must: nothing of another step's is there
control: none, two steps are needed to tell
"""
import ctypes
import os
import pathlib
import socket

from . import need

PLACES = ("/build", "/build/home", "/tmp", "/dev/shm", "/dev/mqueue")
KEYS = {"hostile-inside": 0x0BAD0001, "hostile-next": 0x0BAD0002}
IPC_CREAT = 0o1000


def attempts(host):
    for other in KEYS.keys() - {host["package"]}:
        for place in PLACES:
            yield place + other, lambda: os.stat("%s/left-by-%s" % (place, other))
        yield "memory" + other, lambda: need(ctypes.CDLL(None).shmget(KEYS[other], 4096, 0) != -1)
        yield "socket" + other, lambda: socket.socket(socket.AF_UNIX).connect("\0left-by-" + other)
    leave(host["package"])


def leave(here):
    for place in PLACES:
        if os.access(place, os.W_OK):
            pathlib.Path(place, "left-by-" + here).touch()
    ctypes.CDLL(None).shmget(KEYS[here], 4096, IPC_CREAT | 0o666)
    left = socket.socket(socket.AF_UNIX)
    left.bind("\0left-by-" + here)  # fails where an earlier hook's daemon lives, which may not be
    left.listen()
    if os.fork() == 0:
        os.setsid()
        left.accept()
