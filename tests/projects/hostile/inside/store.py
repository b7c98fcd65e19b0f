"""
tries: read and change podwheel's store, by its path on the host
must: it is not there
control: host
"""
import os
import pathlib


def attempts(host):
    store = pathlib.Path(host["store"])
    yield "list", lambda: os.listdir(store)
    yield "write", lambda: (store / "canary").write_text("written by a build")
    yield "through the mounts", lambda: os.listdir("/podwheel/in/source/../../../" + host["store"])
    yield "beside the environment", lambda: os.listdir("/podwheel/env/../../blobs")
