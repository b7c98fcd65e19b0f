"""
tries: the whole directory of wheels is a link to a directory with a wheel-like file
must: WheelRejected
says: should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_link_outside-1.0-py3-none-any.whl"
    os.makedirs("/build/other")
    open("/build/other/" + name, "w").write("/etc/passwd")
    os.symlink("/etc/shadow", "/build/other/shadow.whl")
    os.rmdir(directory)
    os.symlink("/", directory)
    return name
