"""
tries: a local header that names another file than the directory does
must: WheelRejected
says: the local header of
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = open(path, "rb").read()
    open(path, "wb").write(data.replace(b"out_headers_disagree.py", b"out_headers_disagreX.py", 1))
    return name
