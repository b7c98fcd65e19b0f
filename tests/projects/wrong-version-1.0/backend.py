import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "wrong-version", "2.0", (), {"wrong_version.py": b""})
