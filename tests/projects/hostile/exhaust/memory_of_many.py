"""
tries: all memory, in small pieces of many processes
must: HookFailed
says: ValueError: 12 of 12 killed
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    for _ in range(12):
        if os.fork() == 0:
            hold()
    killed = sum(os.WTERMSIG(os.wait()[1]) == 9 for _ in range(12))
    raise ValueError("%d of 12 killed" % killed)


def hold():
    held = []
    while True:
        held.append(bytearray(b"x" * (1 << 20)))
