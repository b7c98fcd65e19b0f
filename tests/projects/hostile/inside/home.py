"""
tries: read the home of the account that runs podwheel, where keys and histories lie
must: it is not there
control: host
"""
import os
import pathlib


def attempts(host):
    home = pathlib.Path(host["home"])
    yield "list", lambda: os.listdir(home)
    yield "key", (home / ".ssh/id_ed25519").read_text
    yield "through a root", pathlib.Path("/proc/1/root" + host["home"], ".ssh/id_ed25519").read_text
    for name in ("/root", "/home"):
        yield name, lambda: os.listdir(name)[0]
