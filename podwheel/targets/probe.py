"""What a target's image says about its Python, checked, and turned into an `Interpreter`.

The question runs our own program (sandbox/guest/probe.py), but on a user's image: its answer
is data from outside, and every part of it has a type and a shape that are checked.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from podwheel.errors import ProbeFailed
from podwheel.model import Interpreter
from podwheel.store import digest_of
from podwheel.targets.tags import cpython_abi_flags, wheel_tags

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from podwheel.model import Image
    from podwheel.sandbox import Sandbox
    from podwheel.store import Store

_WORD = re.compile(r"[A-Za-z0-9_.+-]{0,100}")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,4}[A-Za-z0-9.+]{0,40}")
_SUFFIX = re.compile(r"(?:\.[A-Za-z0-9_-]{1,80}){1,3}")
_DIRECTORY = re.compile(r"(?:/[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,99}){1,20}")
_MOST_DIRECTORIES = 20
_LONGEST = 1000

MARKERS = (
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
)
"""PEP 508's environment markers, without ``extra``."""

KERNEL_MARKERS = frozenset(("platform_release", "platform_version"))
"""Those that tell of the kernel of the machine, and nothing of the target."""


def ask(
    image: Image, executable: str, *, sandbox: Sandbox, store: Store, log: Path
) -> dict[str, Any]:
    """The image's own words about its Python; asked once of an image, by its id.

    Args:
        log: Gets what the container prints.

    Raises:
        ProbeFailed: The Python is not there or does not run, or its answer cannot be.
        ToolFailed: The container could not be removed.
    """
    from podwheel.sandbox import GuestGone, Job, Limits  # only a run with containers pays for it

    key = digest_of([image.digest, executable])
    known = store.read("probe", key)
    if isinstance(known, dict):
        return known
    job = Job(
        name="probe",
        image=image.digest.removeprefix("sha256:"),
        python=executable,
        program="probe.py",
        limits=Limits(wall=60, silence=60, scratch=16 << 20, output=0),
    )
    try:
        with sandbox.session(job, log=log) as session:
            facts = session.ask({"op": "probe"})
    except GuestGone as gone:
        raise ProbeFailed(
            f"{executable} of the image {image.reference} could not be asked what it is",
            said=str(gone),
            log=log,
            hint="the target's `python` must be the path of a Python in its runtime stage",
        ) from gone
    if facts.get("ok") is not True:
        raise ProbeFailed(
            f"{executable} of the image {image.reference} could not say what it is",
            said=str(facts.get("exception", ""))[-2000:],
            log=log,
        )
    interpret(facts, executable=executable)  # nothing is kept that cannot be
    store.write("probe", key, facts)
    return facts


def interpret(facts: Mapping[str, Any], *, executable: str) -> Interpreter:
    """An `Interpreter` of the probe's answer.

    Args:
        facts: The reply of guest/probe.py.
        executable: The path in the image that was asked.

    Raises:
        ProbeFailed: The answer lacks something, or something in it cannot be.
    """
    read = _Answer(facts)
    version = read.text("version", _VERSION)
    major, minor = (int(part) for part in version.split(".")[:2])
    series = (major, minor)
    implementation = read.text("implementation", _WORD)
    soabi = read.text("soabi", _WORD)
    libc = _libc(read, soabi)
    machine = read.text("machine", _WORD)
    flags = cpython_abi_flags(
        series,
        gil_disabled=read.truth("gil_disabled"),
        debug=read.truth("debug"),
        pymalloc=read.truth("with_pymalloc"),
        unicode_size=read.number("unicode_size"),
    )
    return Interpreter(
        executable=executable,
        version=version,
        implementation=implementation,
        markers=tuple((name, read.marker(name)) for name in MARKERS),
        tags=wheel_tags(
            implementation=implementation,
            series=series,
            soabi=soabi,
            abi_flags=flags,
            libc=libc,
            machine=machine,
            pointer_size=read.number("pointer_size"),
        ),
        purelib=read.path("purelib"),
        platlib=read.path("platlib"),
        include=read.path("include"),
        libc=libc,
        machine=machine,
        ext_suffix=read.text("ext_suffix", _SUFFIX),
        stdlib=read.directories("stdlib") if major == 2 else (),
    )


def _libc(read: _Answer, soabi: str) -> tuple[str, str]:
    name, version = read.pair("libc")
    if not name and "musl" in soabi:
        # Older Pythons cannot name musl; 1.1 is the oldest that wheels are made for.
        return "musl", "1.1"
    return name, version


class _Answer:
    """The reply, read key by key; what does not fit is a `ProbeFailed` that names the key."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        return self._matching(key, self._facts.get(key), pattern)

    def truth(self, key: str) -> bool:
        value = self._facts.get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, value)
        return value

    def number(self, key: str) -> int:
        value = self._facts.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 100:
            raise self._wrong(key, value)
        return value

    def pair(self, key: str) -> tuple[str, str]:
        value = self._facts.get(key)
        if not isinstance(value, list) or len(value) != 2:
            raise self._wrong(key, value)
        first, second = (self._matching(key, item, _WORD) for item in value)
        return first, second

    def marker(self, name: str) -> str:
        markers = self._facts.get("markers")
        value = markers.get(name) if isinstance(markers, dict) else None
        if not isinstance(value, str) or len(value) > _LONGEST or not (value.isprintable()):
            raise self._wrong(f"markers.{name}", value)
        return value

    def path(self, name: str) -> str:
        """A path in a virtual environment, relative to its root, and within it."""
        paths = self._facts.get("paths")
        value = paths.get(name) if isinstance(paths, dict) else None
        if (
            not isinstance(value, str)
            or not value.isprintable()
            or len(value) > _LONGEST
            or value.startswith(("/", "."))
            or posixpath.normpath(value) != value
        ):
            raise self._wrong(f"paths.{name}", value)
        return value

    def directories(self, key: str) -> tuple[str, ...]:
        """Absolute paths, at least one."""
        values = self._facts.get(key)
        if not isinstance(values, list) or not 0 < len(values) <= _MOST_DIRECTORIES:
            raise self._wrong(key, values)
        return tuple(self._matching(key, value, _DIRECTORY) for value in values)

    def _matching(self, key: str, value: object, pattern: re.Pattern[str]) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(key, value)
        return value

    def _wrong(self, key: str, value: object) -> ProbeFailed:
        return ProbeFailed(
            f"the image's Python described itself in a way that cannot be: {key} = {value!r:.200}"
        )
