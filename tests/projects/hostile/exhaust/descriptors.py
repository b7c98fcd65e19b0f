"""
tries: all descriptors, all pipes
must: HookFailed
says: OSError: [Errno 24] Too many open files
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    while True:
        os.pipe()
