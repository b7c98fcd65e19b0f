"""
tries: write to every directory of the root file system
must: only scratch can be written
control: privileged
"""
import os

SCRATCH = ("/build", "/tmp", "/dev/shm", "/dev/mqueue", "/proc", "/sys")


def attempts(host):
    for base, directories, _ in os.walk("/"):
        directories[:] = [d for d in directories if os.path.join(base, d) not in SCRATCH]
        if base.count("/") < 4:
            place = os.path.join(base, "written")
            yield base, lambda: os.close(os.open(place, os.O_WRONLY | os.O_CREAT, 0o666))
