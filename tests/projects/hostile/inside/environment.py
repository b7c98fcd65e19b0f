"""
tries: read the host's environment, its own and that of every process that it sees
must: no variable of the host's
control: host
"""
import os
import pathlib


def attempts(host):
    yield "os.environ", lambda: str(dict(os.environ)).index(host["secret"])
    for place in pathlib.Path("/proc").glob("[0-9]*/environ"):
        yield str(place), lambda: place.read_bytes().index(host["secret"].encode())
