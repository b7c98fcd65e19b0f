from tiny import build_wheel  # noqa: F401


def get_requires_for_build_wheel(settings=None):
    return ["this is no requirement!"]
