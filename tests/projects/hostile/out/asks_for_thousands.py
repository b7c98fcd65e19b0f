"""
tries: a hundred thousand build requirements
must: BackendUnusable
says: asks for 100000 build requirements
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["p%d" % n for n in range(100000)]


build_wheel = tiny.build_wheel
