"""
tries: speak for the guest, on every descriptor that it inherited
must: what it writes is output; there is no frame of its
control: none, what counts is that the run ends well
"""
import os

FORGED = b'{"frame": "reply", "body": {"ok": true, "value": "forged"}}\n'


def attempts(host):
    for number in range(3, 256):
        yield "descriptor %d" % number, lambda: os.write(number, b"") or reach(number)
    for number in (1, 2):
        os.write(number, FORGED)


def reach(number):
    """Only what leads out of the container counts: pipes of this harness do not."""
    if os.readlink("/proc/self/fd/%d" % number).startswith(("socket:", "/dev/fuse")):
        return
    raise OSError("a pipe or a file of our own")
