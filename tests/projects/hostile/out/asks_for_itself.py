"""
tries: itself as a build requirement
must: BuildCycle
says: needs, in the end, out-asks-for-itself 1.0 itself
"""
import tiny


def get_requires_for_build_wheel(settings=None):
    return ["out-asks-for-itself"]


build_wheel = tiny.build_wheel
