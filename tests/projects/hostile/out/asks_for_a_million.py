"""
tries: a million build requirements
must: HookFailed
says: what it returned has more than
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["p%d" % n for n in range(1000000)]


build_wheel = tiny.build_wheel
