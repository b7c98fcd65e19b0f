"""
tries: a device where the wheel should be
must: HookFailed
says: PermissionError: [Errno 1] Operation not permitted
"""
import os
import stat


def build_wheel(directory, settings=None, metadata=None):
    name = "out_device-1.0-py3-none-any.whl"
    os.mknod(os.path.join(directory, name), stat.S_IFCHR | 0o666, os.makedev(1, 5))
    return name
