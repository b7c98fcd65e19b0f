"""
tries: a build requirement with a marker of a hundred thousand parentheses
must: BackendUnusable
says: is no requirement
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["a; " + "(" * 100000 + "os_name == 'a'" + ")" * 100000]


build_wheel = tiny.build_wheel
