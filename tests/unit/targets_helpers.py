"""What the tests of this room share: a definition in a directory, a sandbox and tools that are not there."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podwheel.errors import ToolMissing
from podwheel.sandbox import GuestGone, Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONTAINERFILE = """\
ARG BASE
FROM ${BASE} AS runtime
FROM runtime AS build
FROM build AS extra
FROM runtime AS server
FROM runtime AS index
"""

TARGET = """\
description = "a server"
containerfile = "Containerfile"

[base]
suite = "sid"
"""

FACTS: dict[str, Any] = {
    "ok": True,
    "executable": "/usr/bin/python3",
    "version": "3.13.5",
    "version_info": [3, 13, 5],
    "implementation": "cpython",
    "markers": {
        "implementation_name": "cpython",
        "implementation_version": "3.13.5",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "6.1.0",
        "platform_system": "Linux",
        "platform_version": "#1 SMP",
        "python_full_version": "3.13.5",
        "python_version": "3.13",
        "sys_platform": "linux",
    },
    "paths": {
        "purelib": "lib/python3.13/site-packages",
        "platlib": "lib/python3.13/site-packages",
        "include": "include/python3.13",
        "scripts": "bin",
        "data": ".",
    },
    "platform": "linux-x86_64",
    "ext_suffix": ".cpython-313-x86_64-linux-gnu.so",
    "soabi": "cpython-313-x86_64-linux-gnu",
    "abiflags": "",
    "unicode_size": 4,
    "pointer_size": 8,
    "debug": False,
    "gil_disabled": False,
    "with_pymalloc": True,
    "libc": ["glibc", "2.41"],
    "machine": "x86_64",
    "os_release": {"ID": "debian"},
}


def write_target(
    directory: Path, document: str = TARGET, *, containerfile: str = CONTAINERFILE
) -> Path:
    """A target file and its Containerfile."""
    (directory / "Containerfile").write_text(containerfile)
    path = directory / "server.toml"
    path.write_text(document)
    return path


class Child:
    """A tool that has already ended."""

    def __init__(self, code: int) -> None:
        self.code = code

    def wait(self, timeout: float | None = None) -> int:
        return self.code

    def signal(self, number: int) -> None:
        pass


class Tools:
    """Stands in for podman, buildah and mmdebstrap at the one door to processes (`process.start`).

    It keeps images by name and records every call. An id is a counter, as a real one changes
    with every build. What a tool prints goes to the descriptors that it was given.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.images: dict[str, str] = {}
        """Name → id."""
        self.removed: list[str] = []
        self.packages = ""
        """What every image lists as installed; empty: no list."""
        self.files: dict[str, dict[str, bytes]] = {}
        """Directories of every image that can be copied, with the files in them."""
        self.missing = ""
        """A tool that is not installed."""
        self._calls: list[list[str]] = []
        self._failing: dict[str, str] = {}
        self._count = 0

    def calls(self, tool: str | None = None) -> list[list[str]]:
        """Every call so far, the tool first."""
        return [call for call in self._calls if tool in (None, call[0])]

    def forget_calls(self) -> None:
        self._calls.clear()

    def fail(self, tool: str, output: str) -> None:
        """From now on *tool* prints that and exits with 125."""
        self._failing[tool] = output

    def find(self, program: str, **_others: Any) -> str:
        """As `process.find`."""
        if program == self.missing:
            raise ToolMissing(f"{program} is not installed")
        return program

    def start(
        self, arguments: Sequence[str | Path], *, stdout: Any, stderr: Any, **_others: Any
    ) -> Child:
        """As `process.start`."""
        tool, *rest = (str(argument) for argument in arguments)
        self._calls.append([tool, *rest])
        if tool in self._failing:
            stderr.write(self._failing[tool].encode())
            return Child(125)
        if tool == "mmdebstrap":
            (archive,) = (a for a in rest if a.endswith("rootfs.tar"))
            Path(archive).write_bytes(b"rootfs")
            stderr.write(b"some output of mmdebstrap\n")
            return Child(0)
        if tool == "buildah":
            (tag,) = (a.removeprefix("--tag=") for a in rest if a.startswith("--tag="))
            self._new(tag)
            return Child(0)
        assert tool == "podman"
        code, output = self._podman(rest)
        stdout.write(output)
        return Child(code)

    def _new(self, name: str) -> None:
        self._count += 1
        self.images[name] = f"{self._count:064x}"

    def _copied(self, path: str) -> tuple[int, bytes]:
        files = dict(self.files.get(path, {}))
        if self.packages and path == "/usr/share/podwheel":
            files["packages"] = self.packages.encode()
        return (0, archive(path, files)) if files else (125, b"")

    def _podman(self, arguments: list[str]) -> tuple[int, bytes]:
        match arguments:
            case ["info", *_]:
                return 0, str(self.directory).encode()
            case ["import" | "pull", *_, name]:
                self._new(name)
            case ["tag", old, new]:
                self.images[new] = self.images[old]
            case ["image", "exists", name]:
                return (0 if name in self.images else 1), b""
            case ["image", "rm", digest]:
                self.removed.append(digest)
            case ["image", "ls", *_]:
                entries = [{"Names": [n], "Size": 1000} for n in self.images]
                return 0, json.dumps(entries).encode()
            case ["image", "inspect", "--format", template, *_] if "RootFS" in template:
                return 0, b'["sha256:layer"]'
            case ["image", "inspect", "--format", _, *names]:
                known = [n for n in names if n in self.images]
                lines = [f"{self.images[n]} {json.dumps([n])}\n" for n in known]
                return (0 if known == names else 125), "".join(lines).encode()
            case ["create", *_, image, "true"]:
                return 0, f"container of {image}\n".encode()
            case ["cp", source, "-"]:
                return self._copied(source.rpartition(":")[2])
            case ["rm", *_]:
                pass
            case _:
                raise AssertionError(arguments)
        return 0, b""


def archive(path: str, files: Mapping[str, bytes]) -> bytes:
    """What ``podman cp CONTAINER:PATH -`` prints for a directory: its name is in front."""
    out = io.BytesIO()
    name = path.rpartition("/")[2]
    with tarfile.open(fileobj=out, mode="w") as made:
        directory = tarfile.TarInfo(name)
        directory.type = tarfile.DIRTYPE
        made.addfile(directory)
        for file, content in files.items():
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return out.getvalue()


class FakeSandbox:
    """A sandbox whose every image gives the same answer; None: it dies."""

    def __init__(self, answer: Mapping[str, Any] | None) -> None:
        self.answer = answer
        self.jobs: list[Job] = []

    @contextlib.contextmanager
    def session(self, job: Job, *, log: Path) -> Iterator[FakeSandbox]:
        assert log.parent.is_dir()
        self.jobs.append(job)
        yield self

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert request == {"op": "probe"}
        if self.answer is None:
            raise GuestGone("no such file")
        return dict(self.answer)
