"""
tries: ignore every signal, and close its output
must: StepTimedOut
says: printed nothing for
"""
import os
import signal
import time


def build_wheel(directory, settings=None, metadata=None):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    os.closerange(0, 256)
    while True:
        time.sleep(600)
