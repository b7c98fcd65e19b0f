"""
tries: terminal sequences, text that is written backwards, and no UTF-8
must: HookFailed
says: ValueError
"""
import sys


def build_wheel(directory, settings=None, metadata=None):
    sys.stdout.buffer.write(b"error: \x1b]0;owned\x07\xff\xfe\x1b[2J\x9b31m\r\x08" + "\u202eerror: \u2028\u0085".encode() + b"\n")
    sys.stdout.flush()
    raise ValueError("\x1b[31mred\x1b[0m \u202e\udcff")
