"""
tries: an end record of more members than there are
must: WheelRejected
says: not the 65534 stated
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = bytearray(open(path, "rb").read())
    at = data.rfind(b"PK\5\6")
    data[at + 8 : at + 12] = b"\xfe\xff\xfe\xff"
    open(path, "wb").write(data)
    return name
