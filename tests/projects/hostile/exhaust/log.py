"""
tries: flood the log with thirty megabytes, and say something in the end
must: wheel
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    for _ in range(30):
        print(("x" * 1000 + "\n") * 1000, flush=True)
    return tiny.build_wheel(directory)
