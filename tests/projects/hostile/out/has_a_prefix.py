"""
tries: a program in front of the archive
must: WheelRejected
says: stands before
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    data = open(path, "rb").read()
    open(path, "wb").write(b"#!/bin/sh\ntouch /tmp/owned\n" + data)
    return name
