"""podwheel twice, on a file system of its own that is full the first time.

Run by test_faults.py where an unprivileged account may mount: in a namespace of podman's, with a
mount namespace that is nobody else's. It prints what came of it as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import faults
from podwheel_cli import Podwheel, Result

_CHUNK = 1 << 16


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Fill, run, make room, run again.

    Args:
        asked: ``place`` and ``size`` of the file system; ``seconds`` after which it is full;
            ``copies`` into it, and ``directories`` to make in it, before; ``read_only`` pairs of a
            directory and where else it is; podwheel's ``cwd``, ``store``, ``index_url``,
            ``environment`` and ``arguments``.
    """
    place = Path(asked["place"])
    _mount("-t", "tmpfs", "-o", f"size={asked['size']}", "none", place)
    for there, here in asked["read_only"]:
        _mount("--bind", there, here)
        _mount("-o", "remount,bind,ro", here)
    for there, here in asked["copies"]:
        shutil.copytree(there, here, symlinks=True)
    for directory in asked["directories"]:
        Path(directory).mkdir(mode=0o700, parents=True)
    os.environ.update(asked["environment"])  # podman's own questions of `leftovers`, too
    podwheel = Podwheel(
        cwd=Path(asked["cwd"]), store=Path(asked["store"]), index_url=asked["index_url"]
    )
    first = _run_full(podwheel, asked["arguments"], place / "balloon", asked["seconds"])
    second = podwheel.start(*asked["arguments"]).end(300)
    return {
        "first": [first.code, first.err],
        "second": [second.code, second.err],
        "wheels": faults.wheels_of(podwheel),
        "left": faults.leftovers(podwheel),
    }


def _run_full(podwheel: Podwheel, arguments: list[str], balloon: Path, seconds: float) -> Result:
    with balloon.open("xb", buffering=0) as air:
        timer = threading.Timer(seconds, _blow_up, [air])
        timer.start()
        if not seconds:
            timer.join()
        done = podwheel.start(*arguments).end(300)
        timer.cancel()
        timer.join()
    balloon.unlink()
    return done


def _blow_up(air: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        while True:
            air.write(bytes(_CHUNK))


def _mount(*arguments: str | Path) -> None:
    Path(arguments[-1]).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
