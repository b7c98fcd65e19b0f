"""
tries: require a repository of the host's, and by ssh
must: MetadataUnusable
says: a package may not point into this host: git+file:///etc
alone: yes, what it requires is looked up when all are built
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-a-repository", "1.0", ["evil @ git+file:///etc", "worse @ git+ssh://git@192.0.2.1/a"], {})
