"""
tries: connect to an abstract socket of the host's, which no file system guards
must: it is not there
control: host
"""
import pathlib
import socket


def attempts(host):
    yield "connect", lambda: connect("\0" + host["abstract"])
    yield "listed", lambda: pathlib.Path("/proc/net/unix").read_text().index(host["abstract"])


def connect(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaking:
        speaking.connect(address)
