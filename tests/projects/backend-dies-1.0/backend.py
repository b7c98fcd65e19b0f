import os
import signal


def build_wheel(directory, settings=None, metadata=None):
    os.kill(os.getpid(), signal.SIGSEGV)
