"""
tries: reach a terminal, and type into it
must: there is none
control: none, tests have no terminal
"""
import fcntl
import os

TIOCSTI = 0x5412


def attempts(host):
    for place in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/pts/1"):
        yield place, lambda: os.close(os.open(place, os.O_RDWR | os.O_NOCTTY))
    for number in (0, 1, 2):
        yield "type into %d" % number, lambda: fcntl.ioctl(number, TIOCSTI, b"x")
        yield "descriptor %d" % number, lambda: os.ttyname(number)
