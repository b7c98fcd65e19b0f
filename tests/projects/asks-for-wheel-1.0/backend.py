def get_requires_for_build_wheel(settings=None):
    return ["flit_core"]


def build_wheel(directory, settings=None, metadata=None):
    import flit_core
    import tiny

    print("built beside flit-core", flit_core.__version__)
    return tiny.build_wheel(directory)
