"""
tries: a third of a gigabyte of zeros in a third of a megabyte
must: WheelRejected
says: to one
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    zeros = bytes(1 << 26)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb.bin", "w") as bomb:
            for _ in range(5):
                bomb.write(zeros)
    return name
