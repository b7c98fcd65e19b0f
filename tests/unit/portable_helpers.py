"""Compiled wheels made by hand, and a sandbox whose container is a function."""

from __future__ import annotations

import contextlib
import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from archives_helpers import make_wheel, python

from podwheel.archives import read_wheel
from podwheel.build.records import remember_wheel
from podwheel.build.step import Built
from podwheel.model import Image
from podwheel.sandbox.session import Ended, GuestGone, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from podwheel.model import Wheel
    from podwheel.sandbox.job import Job
    from podwheel.store import Store

TAG = "cp313-cp313-linux_x86_64"
PORTABLE_TAG = "cp313-cp313-manylinux_2_41_x86_64"
EXTENSION = "demo.cpython-313-x86_64-linux-gnu.so"
IMAGE = Image(reference="example.org/build:1", digest="sha256:0", content="c0")


def shared_object(*, needed: tuple[str, ...] = (), runpath: str = "") -> bytes:
    """A shared object with no more than a dynamic section, which exports ``PyInit_demo``."""
    strings = b"\0PyInit_demo\0"
    tags = []
    for kind, text in [*((1, n) for n in needed), *([(29, runpath)] if runpath else [])]:
        tags.append((kind, len(strings)))  # DT_NEEDED, DT_RUNPATH
        strings += text.encode() + b"\0"
    header, dynamic_at = 64 + 2 * 56, 64 + 2 * 56 + len(strings)
    tags += [(5, header), (10, len(strings)), (0, 0)]  # DT_STRTAB, DT_STRSZ, DT_NULL
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    size = dynamic_at + len(dynamic)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    place = struct.pack(
        "<IIQQQQQQ", 2, 4, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 8
    )
    return ident + head + load + place + strings + dynamic


def compiled(
    directory: Path, files: Mapping[str, bytes] | None = None, *, tag: str = TAG, **more: Any
) -> Wheel:
    """A sound compiled wheel of ``demo 1.0``, read."""
    directory.mkdir(exist_ok=True, parents=True)
    wheel = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    content = {EXTENSION: shared_object()} if files is None else files
    path = make_wheel(directory, content, filename=f"demo-1.0-{tag}.whl", wheel=wheel, **more)
    return read_wheel(path, filename=path.name)


def built(store: Store, wheel: Wheel, image: Image | None = IMAGE) -> Built:
    """What the build of *wheel* came to."""
    store.put_file(wheel.path)
    remember_wheel(store, wheel)
    return Built(
        wheel=wheel,
        step=None,
        reused=False,
        usage=None,
        log=None,
        url="https://example.org/demo-1.0.tar.gz",
        source_sha256=None,
        image=image,
    )


class Container:
    """Answers for one container: what a test says."""

    def __init__(
        self,
        *,
        reply: Mapping[str, Any] | None = None,
        leaves: Callable[[Path], object] = lambda _: None,
        ended: Ended = Ended.OK,
    ) -> None:
        self.reply = reply
        """None: it dies before it answers."""
        self.leaves = leaves
        self.jobs: list[Job] = []
        self.requests: list[Mapping[str, Any]] = []
        self.closing = False
        self.outcome = Outcome(
            code=0,
            ended=ended,
            seconds=1.0,
            cpu_seconds=None,
            hooks_cpu_seconds=None,
            peak_memory=None,
            reason="so",
        )

    @contextlib.contextmanager
    def session(self, job: Job, *, log: Path, watch: Callable[[str], None]) -> Iterator[Container]:
        self.jobs.append(job)
        log.parent.mkdir(exist_ok=True)
        log.write_text("auditwheel said this\n")
        yield self

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests.append(request)
        if self.reply is None:
            raise GuestGone("it died")
        return self.reply

    def receive(self, request: Mapping[str, Any], into: Path) -> Mapping[str, Any]:
        self.requests.append(request)
        self.leaves(into)
        return {"ok": True}


def workshop(store: Store, container: Container) -> Any:
    """As much of a workshop as a container needs."""
    from podwheel.sandbox.job import Job

    def job(
        title: str, *, image: Image, program: str, mounts: Any, slot: int, variables: Any
    ) -> Job:
        return Job(
            name=title,
            image=image.reference,
            program=program,
            mounts=mounts,
            slot=slot,
            environment=variables,
        )

    return SimpleNamespace(
        store=store,
        sandbox=container,
        target=SimpleNamespace(python=python()),
        scheduler=SimpleNamespace(release=lambda _: None),
        log_file=lambda name: store.root / "logs" / f"{name}.log".replace(" ", "-"),
        job=job,
    )
