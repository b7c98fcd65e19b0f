"""
tries: a wheel below more directories than a path may have
must: WheelRejected
says: should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_deep-1.0-py3-none-any.whl"
    os.chdir(directory)
    for _ in range(3000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    open(name, "w").close()
    return name
