"""
tries: a wheel that is larger than one may be
must: WheelRejected
says: more than it may
"""
import os

import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "exhaust-output", "1.0", [], {"noise.bin": os.urandom(4 << 20)})
