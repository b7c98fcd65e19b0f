"""
tries: require another version of itself than was resolved
must: NoMatchingVersion
says: there are 1.0
alone: yes, what it requires is looked up when all are built
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-a-newer-self", "1.0", ["out-requires-a-newer-self>=2"], {})
