import importlib.metadata
import os

from tiny import write


def build_wheel(directory, settings=None, metadata=None):
    environment = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
    said = "SETTINGS = %r\nVARIABLES = %r\nENVIRONMENT = %r\n" % (settings, dict(os.environ), environment)
    return write(directory, "echo-settings", "1.0", (), {"echo_settings.py": said.encode()})
