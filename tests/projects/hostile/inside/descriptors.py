"""
tries: find a descriptor that podman, conmon or the runtime left open
must: none leads to a directory, a socket or a control group of the host's
control: none, a clean host leaves none either
"""
import os


def attempts(host):
    for number in os.listdir("/proc/self/fd"):
        yield "descriptor " + number, lambda: leads_out(number)


def leads_out(number):
    place = os.readlink("/proc/self/fd/" + number)
    if place.startswith(("pipe:", "/dev/null", "/proc/", "/build/", "/podwheel/")):
        raise OSError("harmless: " + place)
