"""
tries: a FIFO where the wheel should be, so that who reads it waits for ever
must: WheelRejected
says: left nothing where out_fifo-1.0-py3-none-any.whl should be alone
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    name = "out_fifo-1.0-py3-none-any.whl"
    os.mkfifo(os.path.join(directory, name))
    return name
