"""
tries: a wheel without RECORD
must: WheelRejected
says: it has no RECORD
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            if not member.endswith("RECORD"):
                archive.writestr(member, data)
    return name
