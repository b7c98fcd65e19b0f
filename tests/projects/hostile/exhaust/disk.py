"""
tries: all of the disk
must: HookFailed
says: OSError: [Errno 28] No space left on device
"""


def build_wheel(directory, settings=None, metadata=None):
    for number in range(1000):
        with open("/build/%d" % number, "wb") as file:
            file.write(bytes(1 << 24))
