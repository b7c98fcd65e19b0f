"""
tries: all inodes: files without content, which no size of a file system holds
must: StepKilled
says: its memory limit was reached
"""
import os


def build_wheel(directory, settings=None, metadata=None):
    os.chdir("/build")
    for number in range(1 << 30):
        os.mknod(str(number))
        if number % 10000 == 0:
            print(number, flush=True)
