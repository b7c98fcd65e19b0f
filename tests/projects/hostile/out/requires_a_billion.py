"""
tries: as many requirements as METADATA may hold
must: WheelRejected
says: METADATA has 300000 requirements
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-requires-a-billion", "1.0", ["p%d" % n for n in range(300000)], {})
