"""
tries: all of /tmp, and of the shared memory
must: HookFailed
says: OSError: [Errno 27] File too large
"""


def build_wheel(directory, settings=None, metadata=None):
    full = []
    for place in ("/tmp", "/dev/shm"):
        try:
            with open(place + "/full", "wb") as file:
                while True:
                    file.write(bytes(1 << 22))
        except OSError as error:
            full.append(error)
    assert len(full) == 2
    raise full[1]
