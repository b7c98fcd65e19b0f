import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "climbing-wheel", "1.0", (), {"../../climbed.py": b""})
