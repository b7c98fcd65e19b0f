"""
tries: files whose names are control sequences and no UTF-8
must: WheelRejected
says: sent a file with the name
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_odd_names-1.0-py3-none-any.whl"
    for odd in (b"\x1b]0;owned\x07.whl", b"\xff\xfe.whl", b"new\nline.whl"):
        open(os.path.join(os.fsencode(directory), odd), "w").close()
    return name
