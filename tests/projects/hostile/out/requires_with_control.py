"""
tries: a requirement that types into a terminal
must: WheelRejected
says: invalid requirement in the line
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-with-control", "1.0", ["\x1b]0;owned\x07 \u202e"], {})
