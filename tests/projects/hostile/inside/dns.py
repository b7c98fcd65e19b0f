"""
tries: resolve a name, by the C library and by asking the host's own name servers
must: no answer
control: none, where tests run there may be no name server
"""
import pathlib
import socket


def attempts(host):
    yield "getaddrinfo", lambda: socket.getaddrinfo("canary.example.org", 443)
    for server in [*configured(), "192.0.2.53", "127.0.0.53", "10.0.2.3"]:
        yield server, lambda: ask(server)


def configured():
    try:
        lines = pathlib.Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        return []
    return [line.split()[1] for line in lines if line.startswith("nameserver ")]


def ask(server):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.connect((server, 53))
        asking.send(b"\x12\x34\1\0\0\1\0\0\0\0\0\0\6canary\7example\3org\0\0\1\0\1")
        asking.recv(512)
