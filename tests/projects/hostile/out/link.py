"""
tries: a symbolic link to a file of the host's where the wheel should be
must: WheelRejected
says: left nothing where out_link-1.0-py3-none-any.whl should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_link-1.0-py3-none-any.whl"
    os.symlink("/etc/passwd", os.path.join(directory, name))
    return name
