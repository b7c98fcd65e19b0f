"""
tries: fork until nothing is left
must: HookFailed
says: BlockingIOError: [Errno 11] Resource temporarily unavailable
"""
import os
import time


def build_wheel(directory, settings=None, metadata=None):
    while True:
        if os.fork() == 0:
            time.sleep(600)
