"""
tries: be stopped, not ended
must: StepTimedOut
says: printed nothing for
"""
import os
import signal


def build_wheel(directory, settings=None, metadata=None):
    os.kill(0, signal.SIGSTOP)
