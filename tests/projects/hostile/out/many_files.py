"""
tries: ten thousand files beside the wheel
must: WheelRejected
says: sent more than 10000 files
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_many_files-1.0-py3-none-any.whl"
    for number in range(10050):
        open(os.path.join(directory, "%d.whl" % number), "w").close()
    return name
