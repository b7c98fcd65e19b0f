"""
tries: all memory
must: StepKilled
says: its memory limit was reached
"""


def build_wheel(directory, settings=None, metadata=None):
    hog = []
    while True:
        hog.append(bytearray(b"x" * (1 << 24)))
