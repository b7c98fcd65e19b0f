"""
tries: require a file of the host's by its path
must: MetadataUnusable
says: a package may not point into this host: file:///etc/passwd
alone: yes, what it requires is looked up when all are built
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-a-file", "1.0", ["evil @ file:///etc/passwd"], {})
