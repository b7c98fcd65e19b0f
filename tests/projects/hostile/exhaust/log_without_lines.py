"""
tries: a line of eight megabytes of zeros
must: wheel
"""
import os

import tiny


def build_wheel(directory, settings=None, metadata=None):
    for _ in range(128):
        os.write(2, b"\0" * 65536)
    return tiny.build_wheel(directory)
