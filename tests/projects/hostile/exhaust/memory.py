"""
tries: all memory
must: HookFailed
says: was killed by signal 9
"""


def build_wheel(directory, settings=None, metadata=None):
    hog = []
    while True:
        hog.append(bytearray(b"x" * (1 << 24)))
