"""
tries: a member that is a symbolic link to /etc, and one that is written through it
must: WheelRejected
says: link
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    link = zipfile.ZipInfo("there")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc")
        archive.writestr("there/passwd", "owned")
    return name
