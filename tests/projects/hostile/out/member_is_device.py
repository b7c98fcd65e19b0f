"""
tries: a member whose mode is a device's
must: WheelRejected
says: device
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    device = zipfile.ZipInfo("device")
    device.external_attr = 0o020666 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(device, "")
    return name
