"""
tries: command podman, docker or systemd of the host by their sockets
must: none is there
control: host
"""
import glob
import socket


def attempts(host):
    for place in (host["podman"], "/run/podman/podman.sock", "/run/docker.sock", "/var/run/docker.sock",
                  "/run/systemd/private", "/run/dbus/system_bus_socket", *glob.glob("/run/user/*/bus")):
        yield place, lambda: connect(place)


def connect(place):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaking:
        speaking.connect(place)
