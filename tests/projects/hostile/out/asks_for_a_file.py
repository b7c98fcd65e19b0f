"""
tries: a build requirement that is a file of the host's
must: BackendUnusable
says: a package may not point into this host: file:///etc/passwd
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["evil @ file:///etc/passwd"]


build_wheel = tiny.build_wheel
