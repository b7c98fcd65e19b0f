import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "quite-another", "1.0", (), {"quite_another.py": b""})
