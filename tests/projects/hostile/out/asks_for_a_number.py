"""
tries: a build requirement whose version has ten thousand digits
must: BackendUnusable
says: is no requirement
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["a>=" + "9" * 10000]


build_wheel = tiny.build_wheel
