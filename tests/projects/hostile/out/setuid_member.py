"""
tries: a program with the setuid bit, for whoever installs as root
must: WheelRejected
says: set-user-id
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    with zipfile.ZipFile(directory + "/" + name) as archive:
        files = [(i, archive.read(i)) for i in archive.infolist()]
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        for info, data in files:
            info.external_attr = 0o106777 << 16
            archive.writestr(info, data)
    return name
