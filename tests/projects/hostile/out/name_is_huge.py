"""
tries: a wheel's name of two million characters
must: BackendUnusable
says: build_wheel returned 'xxxx
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    return "x" * (2 << 20) + ".whl"
