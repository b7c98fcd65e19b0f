"""
tries: a member that climbs where a backslash is a separator
must: WheelRejected
says: has a Windows path for a name
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("..\\..\\owned.py"), "")
    return name
