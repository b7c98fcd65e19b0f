"""
tries: a member whose name types into a terminal
must: WheelRejected
says: has control characters in its name
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("\x1b]0;owned\x07.py"), "")
    return name
