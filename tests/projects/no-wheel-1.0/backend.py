def build_wheel(directory, settings=None, metadata=None):
    return "no_wheel-1.0-py3-none-any.whl"
