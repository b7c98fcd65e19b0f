"""
tries: a marker of a hundred thousand parentheses
must: WheelRejected
says: has 200017 characters
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-deeply", "1.0", ["a; " + "(" * 100000 + "os_name == 'a'" + ")" * 100000], {})
