import os
import subprocess
import sys

from setuptools import build_meta
from setuptools.build_meta import get_requires_for_build_wheel

COUNTED = [sys.executable, os.path.abspath("counted.py")]


def build_wheel(directory, settings=None, metadata=None):
    names = ["part%d" % n for n in range(6)]
    job = " ".join(COUNTED) + " %s true"
    with open("Makefile", "w") as file:
        file.write("all: %s\n%s:\n\t@%s\n" % (" ".join(names), " ".join(names), job % "make"))
    subprocess.check_call(["make"])
    with open("build.ninja", "w") as file:
        file.write("rule job\n  command = %s\n" % (job % "ninja"))
        file.writelines("build %s: job\n" % name for name in names)
    subprocess.check_call(["ninja", "--quiet"])
    os.environ["CC"] = " ".join(COUNTED) + " setuptools cc"
    made = build_meta.build_wheel(directory, settings, metadata)
    for tool in ("make", "ninja", "setuptools"):
        with open("most-" + tool) as file:
            counts = [int(line) for line in file]
        print("%s: %d jobs, %d at once" % (tool, len(counts), max(counts)), flush=True)
    return made
