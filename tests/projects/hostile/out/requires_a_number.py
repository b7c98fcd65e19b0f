"""
tries: a version of ten thousand digits
must: WheelRejected
says: has 10003 characters
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-a-number", "1.0", ["a>=" + "9" * 10000], {})
