"""
tries: a wheel's name that would type into a terminal
must: BackendUnusable
says: which is no wheel's file name
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    return "\x1b]0;owned\x07\x1b[2J\n-1.0-py3-none-any.whl"
