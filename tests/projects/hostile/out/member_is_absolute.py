"""
tries: a member with an absolute name
must: WheelRejected
says: absolute
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("/etc/cron.d/owned"), "")
    return name
