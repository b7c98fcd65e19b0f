"""
tries: a directory where the wheel should be
must: WheelRejected
says: left nothing where out_directory-1.0-py3-none-any.whl should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_directory-1.0-py3-none-any.whl"
    os.mkdir(os.path.join(directory, name))
    return name
