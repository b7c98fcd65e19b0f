"""
tries: a build requirement that types into a terminal
must: BackendUnusable
says: is no requirement
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["\x1b]0;owned\x07\x1b[2J"]


build_wheel = tiny.build_wheel
