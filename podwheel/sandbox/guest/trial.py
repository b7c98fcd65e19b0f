"""What a container may and may not do, as its own kernel tells it: ``{"op": "trial"}``, one reply."""

from __future__ import print_function

import io
import os
import sys

import common

_CLONE_NEWUSER = 0x10000000
_CLOSED = ("/", "/etc", "/run", "/sys/fs/cgroup", "/usr", "/var/tmp")


def status():
    """The lines of /proc/self/status that say what we may: ``{"CapEff": "0000000000000000", ...}``."""
    found = {}
    with io.open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.startswith("Cap") or name in ("NoNewPrivs", "Seccomp"):
                found[name] = value.strip()
    return found


def interfaces():
    """The names of the network interfaces, sorted."""
    with io.open("/proc/self/net/dev", encoding="utf-8") as file:
        return sorted(line.partition(":")[0].strip() for line in file if ":" in line)


def new_user_namespace():
    """Whether we could make one, with all capabilities in it; None if this Python cannot try."""
    try:
        import ctypes

        return ctypes.CDLL(None).unshare(_CLONE_NEWUSER) == 0
    except Exception:  # a Python without ctypes
        return None


def trial(_channel, _request):
    return {
        "ok": True,
        "uid": os.getuid(),
        "status": status(),
        "interfaces": interfaces(),
        "writable": [path for path in _CLOSED if os.access(path, os.W_OK)],
        # The last: where it succeeds, this process has left the namespace it describes.
        "new_user_namespace": new_user_namespace(),
    }


if __name__ == "__main__":
    common.serve({"trial": trial})
    sys.exit(0)
