"""
tries: sockets below TCP and UDP, out of a virtual machine, and into the kernel's cryptography
must: none is made
control: privileged
"""
import socket


def attempts(host):
    yield "raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    yield "ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    yield "packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    yield "vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    yield "alg", lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    yield "bluetooth", lambda: socket.socket(31, socket.SOCK_RAW)
