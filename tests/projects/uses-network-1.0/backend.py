import socket


def build_wheel(directory, settings=None, metadata=None):
    socket.create_connection(("192.0.2.1", 443), timeout=5)
