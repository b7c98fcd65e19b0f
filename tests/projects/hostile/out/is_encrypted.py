"""
tries: a member that only its maker can read
must: WheelRejected
says: is encrypted, or a patch
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = bytearray(open(path, "rb").read())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(signature) + offset] |= 1
    open(path, "wb").write(data)
    return name
