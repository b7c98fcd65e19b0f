"""
tries: a record of a hundred thousand nested lists, and one that never ends, instead of the hook's
must: HookFailed
says: ended with exit code 0
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    os.write(3, b"[" * 100000)
    os._exit(0)
