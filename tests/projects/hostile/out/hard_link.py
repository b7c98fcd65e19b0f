"""
tries: a second name of a file of the store's where the wheel should be
must: HookFailed
says: OSError: [Errno 18] Invalid cross-device link
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_hard_link-1.0-py3-none-any.whl"
    os.link("/podwheel/in/source", os.path.join(directory, name))
    return name
