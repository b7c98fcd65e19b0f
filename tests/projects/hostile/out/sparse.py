"""
tries: a wheel of a petabyte, all of it a hole
must: HookFailed
says: OSError: [Errno 27] File too large
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_sparse-1.0-py3-none-any.whl"
    with open(os.path.join(directory, name), "wb") as file:
        file.truncate(1 << 50)
    return name
