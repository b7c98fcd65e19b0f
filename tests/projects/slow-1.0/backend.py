import time

import tiny


def build_wheel(directory, settings=None, metadata=None):
    for second in range(6):
        print("still at it", second, flush=True)
        time.sleep(0.5)
    return tiny.build_wheel(directory)
