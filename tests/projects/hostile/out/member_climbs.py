"""
tries: a member that climbs out of the wheel
must: WheelRejected
says: climbs out
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../../../tmp/climbed.py", "")
    return name
