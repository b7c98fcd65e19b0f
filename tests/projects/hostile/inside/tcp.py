"""
tries: reach the host and other machines by TCP
must: nothing is reached
control: host
"""
import socket


def attempts(host):
    for address, port in [(host["address"], host["tcp"]), ("127.0.0.1", host["tcp"]), ("10.0.2.2", host["tcp"]),
                          ("127.0.0.1", host["index"]), ("192.0.2.1", 443)]:
        yield "%s:%s" % (address, port), lambda: socket.create_connection((address, port), 1).close()
