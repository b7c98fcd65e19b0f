"""
tries: nothing at all, and says so all the time
must: StepTimedOut
says: took longer than
"""
import time


def build_wheel(directory, settings=None, metadata=None):
    while True:
        print("nearly there", flush=True)
        time.sleep(0.2)
