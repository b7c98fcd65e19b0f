import platform

from tiny import write


def build_wheel(directory, settings=None, metadata=None):
    said = "BUILT_BY = %r\n" % platform.python_version()
    return write(directory, "says-its-python", "1.0", (), {"says_its_python.py": said.encode()})
