"""
tries: nothing at all, for ever
must: StepTimedOut
says: printed nothing for
"""
import time


def build_wheel(directory, settings=None, metadata=None):
    time.sleep(10000)
