import pathlib


def build_wheel(directory, settings=None, metadata=None):
    pathlib.Path(directory, "not_a_wheel-1.0-py3-none-any.whl").write_bytes(b"not a zip archive")
    return "not_a_wheel-1.0-py3-none-any.whl"
