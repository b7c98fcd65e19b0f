"""
tries: two members that are one on some file systems
must: WheelRejected
says: names differ by case only
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    files = {"out_case_collides.py": b"", "OUT_CASE_COLLIDES.py": b"", "a/b": b"", "A": b""}
    return tiny.write(directory, "out-case-collides", "1.0", [], files)
