"""
tries: metadata with a second name, and a requirement, behind a newline
must: WheelRejected
says: more than one name
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-metadata-has-newlines", "1.0", ["pure-flit\nName: another"], {})
