"""
tries: have the host fetch from an address inside of its network
must: IndexUnreachable
says: over plain http anybody on the way can change it
alone: yes, what it requires is looked up when all are built
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-an-address", "1.0", ["evil @ http://169.254.169.254/latest/meta-data.zip"], {})
