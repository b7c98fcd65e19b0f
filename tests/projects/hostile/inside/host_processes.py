"""
tries: see and signal processes outside of the container
must: only its own are there
control: host
"""
import os
import pathlib
import signal

from . import need


def attempts(host):
    yield "podwheel", lambda: need(any(host["program"].encode() in p.read_bytes() for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")))
    yield "signal", lambda: os.kill(host["pid"], 0 if "control" in host["stage"] else signal.SIGKILL)
