"""
tries: a record that never ends instead of the hook's
must: HookFailed
says: what it returned has more than
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    while True:
        os.write(3, b"x" * 65536)
