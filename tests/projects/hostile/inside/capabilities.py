"""
tries: have, take or inherit a capability
must: every set is empty, and stays so
control: privileged
"""
import ctypes
import pathlib

from . import call, need

PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS = 47, 2, 38, 28


def attempts(host):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":\t")
        if name.startswith("Cap"):
            yield name, lambda: need(int(value, 16))
    header, everything = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    yield "capset", lambda: call("capset", header, everything)
    yield "ambient", lambda: call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0)
    yield "undo no_new_privs", lambda: call("prctl", PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)
    yield "securebits", lambda: call("prctl", PR_SET_SECUREBITS, 0, 0, 0, 0)
