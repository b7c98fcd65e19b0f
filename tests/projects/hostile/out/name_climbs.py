"""
tries: a wheel by the name of a file of the host's
must: WheelRejected
says: left nothing where passwd.whl should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    return "../../../../etc/passwd.whl"
