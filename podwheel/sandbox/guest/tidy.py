"""Between two packages in one container: what one left must not meet the other."""

from __future__ import print_function

import ctypes
import io
import os
import subprocess

import common

PLACES = (common.BUILD, "/tmp", "/dev/shm", "/dev/mqueue")
"""All that can be written to."""


def tidy():
    """Empty the scratch, and remove what outlives processes (which `common.run` has killed).

    Raises:
        Refused: Something stays.
    """
    if os.getpid() != 1:
        return  # tests run us outside of a container, where these places are everybody's
    places = [place for place in PLACES if os.path.isdir(place)]
    with open(os.devnull, "w") as null:
        # Of the distribution: they walk trees that are deeper than a path may be long. That the
        # places themselves can be neither changed nor removed is as it should be.
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.call(command + places, stdout=null, stderr=null)
    left = [place for place in places if os.listdir(place)]
    if left:
        raise common.Refused("untidy", places=left)
    _forget_sysv()
    os.makedirs(common.HOME)


def _forget_sysv():
    """Remove System V shared memory, semaphores and message queues."""
    libc = ctypes.CDLL(None)
    removals = {
        "shm": lambda number: libc.shmctl(number, 0, None),
        "sem": lambda number: libc.semctl(number, 0, 0),
        "msg": lambda number: libc.msgctl(number, 0, None),
    }
    for kind, remove in removals.items():
        try:
            with io.open("/proc/sysvipc/" + kind) as listed:
                numbers = [int(line.split()[1]) for line in listed.readlines()[1:]]
        except (IOError, OSError):  # a kernel without them
            continue
        for number in numbers:
            remove(number)
