"""
tries: a file that RECORD does not have, and that no installer would remove
must: WheelRejected
says: its RECORD does not list forgotten.pth
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("forgotten.pth", "import os")
    return name
