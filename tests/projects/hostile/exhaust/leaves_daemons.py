"""
tries: a good wheel, and a hundred daemons that hold every descriptor
must: wheel
"""
import os
import signal
import time

import tiny


def build_wheel(directory, settings=None, metadata=None):
    for _ in range(20):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
    return tiny.build_wheel(directory)
