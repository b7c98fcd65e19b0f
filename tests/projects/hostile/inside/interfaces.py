"""
tries: find, make or open a network interface
must: there is lo alone, and no other can be made
control: privileged
"""
import fcntl
import os
import socket
import struct

from . import need

TUNSETIFF, SIOCADDRT, SIOCSIFADDR = 0x400454CA, 0x890B, 0x8916


def attempts(host):
    yield "another interface", lambda: need([n for _, n in socket.if_nameindex() if n != "lo"])
    yield "tun", lambda: fcntl.ioctl(os.open("/dev/net/tun", os.O_RDWR), TUNSETIFF, struct.pack("16sH", b"canary", 1))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaking:
        address = struct.pack("16sHH4s8x", b"lo", socket.AF_INET, 0, bytes([127, 0, 0, 9]))
        yield "address of lo", lambda: fcntl.ioctl(speaking, SIOCSIFADDR, address)
