"""What ELF files say of themselves (pyelftools).

The CPU features that code was compiled for are not among it: ``-march=native`` leaves no
reliable mark in an object, so a build's flags are recorded instead (seal/record.py).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from attrs import frozen

from podwheel.archives.contents import open_wheel
from podwheel.archives.modules import extension_module
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from podwheel.model import Interpreter, Wheel

HEAD = 20
"""How many bytes of a file `is_elf` and the rest of this module need to see: up to ``e_machine``."""

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_TAG_LIMIT = 10_000  # of a dynamic section
_EXECUTABLE, _SHARED = 2, 3  # e_type: ET_EXEC, ET_DYN (a PIE is one as well)

# e_machine → what `uname -m` may call it.
_MACHINES = {
    3: ("i386", "i486", "i586", "i686"),
    8: ("mips", "mips64"),
    20: ("ppc",),
    21: ("ppc64", "ppc64le"),
    22: ("s390", "s390x"),
    40: ("arm", "armv5tel", "armv6l", "armv7l", "armv8l"),
    62: ("x86_64", "amd64"),
    183: ("aarch64", "arm64"),
    243: ("riscv32", "riscv64"),
    258: ("loongarch64",),
}


@frozen(kw_only=True)
class Elf:
    """One ELF file."""

    machine: int
    """``e_machine``."""
    soname: str | None
    needed: tuple[str, ...]
    """``DT_NEEDED``, in the file's order."""
    rpath: tuple[str, ...]
    """``DT_RUNPATH`` and ``DT_RPATH`` entries."""
    glibc: tuple[int, int] | None
    """The newest ``GLIBC_x.y`` symbol version that it asks for; None: it asks for none."""


def is_elf(head: bytes) -> bool:
    """Whether a file beginning with *head* (at least `HEAD` bytes) is an ELF file at all."""
    return head.startswith(b"\x7fELF") and len(head) >= HEAD


def is_native(head: bytes) -> bool:
    """Whether it is one that the system can load: a shared object or an executable, no ``.o``."""
    return is_elf(head) and _half(head, 16) in (_EXECUTABLE, _SHARED)


def _half(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 2], "big" if head[5] == 2 else "little")


def inspect(file: IO[bytes], *, where: str) -> Elf:
    """Read an ELF file's dynamic section and the symbol versions that it needs.

    Args:
        file: Seekable.
        where: What to call it in messages.

    Raises:
        WheelRejected: It is damaged.
    """
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection

    try:
        file.seek(0)
        machine = _half(file.read(HEAD), 18)
        elf: Any = ELFFile(file)
        dynamic = next((s for s in elf.iter_segments() if isinstance(s, DynamicSegment)), None)
        tags = list(islice(dynamic.iter_tags(), _TAG_LIMIT)) if dynamic else []
        sections = [s for s in elf.iter_sections() if isinstance(s, GNUVerNeedSection)]
        names = [v.name for s in sections for _, wanted in s.iter_versions() for v in wanted]
    except Exception as error:  # pyelftools raises all sorts on hostile input
        raise WheelRejected(f"{where} is a damaged ELF file ({error})") from error

    def values(key: str) -> tuple[str, ...]:
        return tuple(str(getattr(tag, key)) for tag in tags if hasattr(tag, key))

    return Elf(
        machine=machine,
        soname=next(iter(values("soname")), None),
        needed=values("needed"),
        rpath=tuple(e for v in values("runpath") + values("rpath") for e in v.split(":")),
        glibc=max(_glibc_versions(names), default=None),
    )


def _glibc_versions(names: Iterable[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        if match := _GLIBC.fullmatch(name):
            yield int(match[1]), int(match[2])


def check_machine(wheel: Wheel, python: Interpreter) -> None:
    """Refuse a wheel whose extension modules are for another machine than the target's.

    Only files named like extension modules are asked: packages ship libraries and programs for
    other systems as plain data. What nobody can check is the CPU's features (see above).

    Raises:
        WheelRejected: Names the file and both machines.
    """
    with open_wheel(wheel.path, filename=wheel.filename, linked=True) as contents:
        for path in wheel.extensions:
            if not extension_module(path.rsplit("/", 1)[-1]):
                continue
            head = next(contents.archive.chunks(contents.files[path]))
            number = _half(head, 18)
            names = _MACHINES.get(number, (f"ELF machine {number}",))
            if python.machine not in names:
                raise WheelRejected(
                    f"{wheel.filename}: {path} is for {names[0]}, the target is {python.machine}",
                    hint="a compiler for the build host's machine was used, or a prebuilt file",
                )
