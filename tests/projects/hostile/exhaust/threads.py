"""
tries: threads until nothing is left
must: HookFailed
says: can't start new thread
"""
import threading
import time


def build_wheel(directory, settings=None, metadata=None):
    while True:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
