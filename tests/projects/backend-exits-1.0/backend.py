import os


def build_wheel(directory, settings=None, metadata=None):
    os._exit(9)
