import os


def build_wheel(directory, settings=None, metadata=None):
    name = "symlink_wheel-1.0-py3-none-any.whl"
    os.symlink("/etc/passwd", os.path.join(directory, name))
    return name
