"""
tries: send a datagram to the host, another machine and everybody
must: nothing is sent
control: host
"""
import socket


def attempts(host):
    for address in (host["address"], "192.0.2.1", "255.255.255.255", "224.0.0.251"):
        yield address, lambda: send(address, host["udp"])


def send(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaking:
        speaking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        speaking.sendto(b"canary", (address, port))
