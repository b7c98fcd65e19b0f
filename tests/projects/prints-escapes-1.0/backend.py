import sys


def build_wheel(directory, settings=None, metadata=None):
    sys.stdout.buffer.write(b"error: \x1b]0;owned\x07\xff\xfe\x1b[2J it went wrong\n")
    sys.stdout.flush()
    raise ValueError("\x1b[31mred\x1b[0m")
