"""A guest program run directly, by any Python, and spoken to through the host's own `Wire`."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from podwheel.sandbox.files import receive_files
from podwheel.sandbox.frames import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GUEST = Path(__file__).parents[2] / "podwheel/sandbox/guest"
PYTHONS = [sys.executable, *filter(None, os.environ.get("PODWHEEL_GUEST_PYTHONS", "").split(":"))]


class Guest:
    """A running guest program, whose root is a directory of the test's."""

    def __init__(self, program: str, root: Path, python: str) -> None:
        self.root = root
        self.log = root / "log"
        (root / "build").mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [python, "-E", "-s", "-S", "-B", str(GUEST / program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                env={
                    "PODWHEEL_GUEST_ROOT": str(root),
                    "PATH": os.environ["PATH"],
                    "HOME": str(root / "build/home"),
                    "TMPDIR": str(root),
                    "TZ": "UTC",
                    "LC_ALL": "C.UTF-8",
                },
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.wire = Wire(
            os.dup(self.process.stdin.fileno()), os.dup(self.process.stdout.fileno()), lambda: None
        )
        self.process.stdin.close()
        self.process.stdout.close()
        self.hello = self.wire.frame()

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        self.wire.send({"op": op, **request})
        header = self.wire.frame()
        assert header["frame"] == "reply", header
        self.usage = header["usage"]
        assert self.usage["cpu_seconds"] >= self.usage["children_cpu_seconds"] >= 0
        body: dict[str, Any] = header["body"]
        return body

    def receive(self, op: str, into: Path, **request: Any) -> dict[str, Any]:
        self.wire.send({"op": op, **request})
        last: list[dict[str, Any]] = []

        def pieces() -> Iterator[bytes]:
            while (header := self.wire.frame())["frame"] == "data":
                yield self.wire.data(header)
            last.append(header)

        receive_files(pieces(), into, limit=1 << 30)
        body: dict[str, Any] = last[0]["body"]
        return body

    def hang_up(self) -> int:
        self.wire.end_requests()
        return self.process.wait(20)


@contextlib.contextmanager
def guest(program: str, root: Path, python: str) -> Iterator[Guest]:
    running = Guest(program, root, python)
    try:
        yield running
    finally:
        running.wire.close()
        running.process.kill()
        running.process.wait()


def environment(root: Path, python: str) -> None:
    """/podwheel/env of the test's root: no more than an interpreter."""
    (root / "podwheel/env/bin").mkdir(parents=True)
    (root / "podwheel/env/bin/python").symlink_to(python)


def sdist(path: Path, files: Mapping[str, str], *, top: str = "thing-1.0") -> Path:
    """A tar, compressed as its name says, every time stamp 1500000000."""
    mode = {"gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(path.suffix[1:], "w")
    with tarfile.open(path, mode) as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            data = text.encode()
            member.size, member.mtime, member.mode = len(data), 1500000000, 0o600
            archive.addfile(member, io.BytesIO(data))
    return path


every_python = pytest.mark.parametrize("python", PYTHONS)
