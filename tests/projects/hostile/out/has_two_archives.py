"""
tries: two archives in one file
must: WheelRejected
says: data stands before the archive
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = open(path, "rb").read()
    open(path, "wb").write(data + data)
    return name
