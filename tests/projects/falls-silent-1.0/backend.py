import time


def build_wheel(directory, settings=None, metadata=None):
    time.sleep(600)
