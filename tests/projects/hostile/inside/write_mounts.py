"""
tries: change its source archive, its environment and the guest, which lie in the store
must: each is read-only, and stays as it was
control: none, a privileged container has no mounts of a build's
"""
import os
import shutil

PLACES = ("/podwheel/in/source", "/podwheel/env/pyvenv.cfg", "/podwheel/guest/common.py", "/podwheel/guest/hook.py", "/etc/hosts")


def attempts(host):
    for place in PLACES:
        yield "append " + place, lambda: open(place, "ab").close()
        yield "truncate " + place, lambda: os.truncate(place, 0)
        yield "remove " + place, lambda: os.unlink(place)
        yield "replace " + place, lambda: os.rename("/proc/self/status", place)
        yield "chmod " + place, lambda: os.chmod(place, 0o777)
        yield "times " + place, lambda: os.utime(place, (0, 0))
        yield "attribute " + place, lambda: os.setxattr(place, "user.canary", b"1")
        yield "second name " + place, lambda: os.link(place, "/build/link")
    for place in ("/podwheel", "/podwheel/env", "/podwheel/env/bin", "/podwheel/env/lib", "/podwheel/guest"):
        yield "make in " + place, lambda: os.mkdir(place + "/made")
        yield "move " + place, lambda: shutil.move(place, "/build/moved") if os.access(place, os.W_OK) else os.rename(place, "/build/moved")
