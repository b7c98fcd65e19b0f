"""
tries: a list instead of a wheel's name
must: HookFailed
says: expected str, bytes or os.PathLike object, not list
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    return ["a", {"b": 1e999}]
