"""
tries: a socket where the wheel should be
must: WheelRejected
says: left nothing where out_socket-1.0-py3-none-any.whl should be alone
"""
import os
import socket


def build_wheel(directory, settings=None, metadata=None):
    name = "out_socket-1.0-py3-none-any.whl"
    socket.socket(socket.AF_UNIX).bind(os.path.join(directory, name))
    return name
