"""
tries: a directory entry of four gigabytes that are not there
must: WheelRejected
says: more than 100 to one
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = bytearray(open(path, "rb").read())
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = b"\xfe\xff\xff\xff"
    open(path, "wb").write(data)
    return name
