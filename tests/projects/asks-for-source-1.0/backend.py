def get_requires_for_build_wheel(settings=None):
    return ["build-tool"]


def build_wheel(directory, settings=None, metadata=None):
    import build_tool
    import tiny

    print("built beside build-tool,", build_tool.ORIGIN)
    return tiny.build_wheel(directory)
