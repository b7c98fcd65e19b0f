"""
tries: reach the host and other machines by IPv6
must: nothing is reached
control: host
"""
import socket


def attempts(host):
    for address in ("::1", "::ffff:127.0.0.1", "2001:db8::1", "fe80::1%lo"):
        yield address, lambda: socket.create_connection((address, host["tcp6"]), 1).close()
