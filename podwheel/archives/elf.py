"""What ELF files say of themselves (pyelftools).

The CPU features that code was compiled for are not among it: ``-march=native`` leaves no
reliable mark in an object, so a build's flags are recorded instead (seal/record.py).
"""

from __future__ import annotations

import os
import re
import struct
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from attrs import field, frozen

from podwheel.archives.contents import open_wheel
from podwheel.archives.modules import extension_module
from podwheel.errors import WheelRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.model import Interpreter, Wheel

HEAD = 20
"""How many bytes of a file `is_elf` and the rest of this module need to see: up to ``e_machine``."""

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_TAG_LIMIT = 10_000  # of a dynamic section
_READS_LIMIT: Final = 200_000  # a large library's headers, tags and versions take some 2,000
_BYTES_LIMIT: Final = 64 << 20
_TABLE_LIMIT: Final = 512 << 20  # of a symbol or string table; beyond it the symbols are not read
_NAMES_LIMIT: Final = 64 << 20  # characters of all undefined symbols' names together
_EXECUTABLE, _SHARED = 2, 3  # e_type: ET_EXEC, ET_DYN (a PIE is one as well)
_UNDEFINED: Final = 0  # st_shndx: SHN_UNDEF
_VISIBLE: Final = (1, 2)  # STB_GLOBAL, STB_WEAK
_VERSION_MASK: Final = 0x7FFF  # bit 15 of a versym says "hidden"

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
class Undefined:
    """A dynamic symbol that a file wants from the libraries that are loaded with it."""

    name: str
    version: str | None
    """``OPENSSL_3.0.0``; None: any."""
    file: str | None
    """The library that the version is of (``libssl.so.3``); None without a version: whichever has it."""


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
    undefined: tuple[Undefined, ...] = field(default=(), repr=False)
    """Global and weak ones, in the file's order; none where its section headers were stripped."""


def is_elf(head: bytes) -> bool:
    """Whether a file beginning with *head* (at least `HEAD` bytes) is an ELF file at all."""
    return head.startswith(b"\x7fELF") and len(head) >= HEAD


def is_native(head: bytes) -> bool:
    """Whether it is one that the system can load: a shared object or an executable, no ``.o``."""
    return is_elf(head) and _half(head, 16) in (_EXECUTABLE, _SHARED)


def _half(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 2], "big" if head[5] == 2 else "little")


def is_for(number: int, machine: str) -> bool:
    """Whether ``e_machine`` *number* is what ``uname -m`` calls *machine*."""
    return machine in _MACHINES.get(number, ())


def inspect(file: IO[bytes], *, where: str) -> Elf:
    """Read an ELF file's dynamic section, the symbol versions that it needs and its undefined symbols.

    What it costs is bounded, whatever the file says of itself: a linear pass over its symbols.

    Args:
        file: Seekable.
        where: What to call it in messages.

    Raises:
        WheelRejected: It is damaged.
    """
    from elftools.elf.elffile import ELFFile

    try:
        file.seek(0)
        machine = _half(file.read(HEAD), 18)
        elf: Any = ELFFile(_Metered(file))  # type: ignore[arg-type]
        sections = _sections(elf)
        dynamic = sections.get("SHT_DYNAMIC") or _dynamic_segment(elf)
        tags = list(islice(dynamic.iter_tags(), _TAG_LIMIT)) if dynamic else []
        versions = _versions_needed(sections)
        undefined = _undefined(file, elf, sections, versions)
    except Exception as error:  # pyelftools raises all sorts on hostile input
        raise WheelRejected(f"{where} is a damaged ELF file ({error})") from error

    def values(key: str) -> tuple[str, ...]:
        return tuple(str(getattr(tag, key)) for tag in tags if hasattr(tag, key))

    return Elf(
        machine=machine,
        soname=next(iter(values("soname")), None),
        needed=values("needed"),
        rpath=tuple(e for v in values("runpath") + values("rpath") for e in v.split(":")),
        undefined=undefined,
    )


def glibc_version(name: str) -> tuple[int, int] | None:
    """``GLIBC_2.34`` → ``(2, 34)``; None for every other symbol version."""
    match = _GLIBC.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


class _Metered:
    """A file for pyelftools, which follows whatever counts, offsets and endless strings it reads.

    Every loop of its own reads; so counting reads and bytes ends them all.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._reads = _READS_LIMIT
        self._bytes = _BYTES_LIMIT
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        self._reads -= 1
        self._bytes -= size
        if size < 0 or self._reads < 0 or self._bytes < 0:
            raise ValueError("its tables have no end")
        return self._file.read(size)


def _sections(elf: Any) -> dict[str, Any]:
    """The first section of each type that is asked for here.

    Not by pyelftools' own iterators, nor a segment's: they make an object of every section, and
    that of a hash table reads it number by number (libLLVM's has 200,000).
    """
    from elftools.common.utils import struct_parse

    wanted = {"SHT_DYNAMIC", "SHT_DYNSYM", "SHT_GNU_verneed", "SHT_GNU_versym"}
    found: dict[str, Any] = {}
    for number in range(elf.num_sections()):
        at = elf["e_shoff"] + number * elf["e_shentsize"]
        kind = struct_parse(elf.structs.Elf_Shdr, elf.stream, stream_pos=at)["sh_type"]
        if kind in wanted and kind not in found:
            found[kind] = elf.get_section(number)
    return found


def _dynamic_segment(elf: Any) -> Any | None:
    """The dynamic section as the loader finds it, in files whose section headers were stripped."""
    from elftools.elf.dynamic import DynamicSegment

    return next((s for s in elf.iter_segments() if isinstance(s, DynamicSegment)), None)


def _versions_needed(sections: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """The index of each needed version (``vna_other``) → the library, and the version's name."""
    section = sections.get("SHT_GNU_verneed")
    return {
        auxiliary["vna_other"]: (str(library.name), str(auxiliary.name))
        for library, auxiliaries in (section.iter_versions() if section else ())
        for auxiliary in auxiliaries
    }


def _undefined(
    file: IO[bytes],
    elf: Any,
    sections: Mapping[str, Any],
    versions: Mapping[int, tuple[str, str]],
) -> tuple[Undefined, ...]:
    """The undefined symbols; unpacked here, because pyelftools makes three objects of every symbol."""
    table = sections.get("SHT_DYNSYM")
    if table is None:
        return ()
    order = "<" if elf.little_endian else ">"
    # Elf64_Sym and Elf32_Sym have the same fields in another order.
    layout, name_at, info_at, section_at = (
        ("IBBHQQ", 0, 1, 3) if elf.elfclass == 64 else ("IIIBBH", 0, 3, 5)
    )
    symbols = _content(file, table, unit=struct.calcsize(order + layout))
    strings = _content(file, elf.get_section(table["sh_link"]), unit=1)
    versym = _content(file, sections.get("SHT_GNU_versym"), unit=2)
    numbers = [number for (number,) in struct.iter_unpack(order + "H", versym)]
    found = []
    room = _NAMES_LIMIT
    for at, symbol in enumerate(struct.iter_unpack(order + layout, symbols)):
        start = symbol[name_at]
        if symbol[section_at] != _UNDEFINED or not start or symbol[info_at] >> 4 not in _VISIBLE:
            continue
        end = strings.find(b"\0", start, start + room)
        if end < 0:
            raise ValueError("its symbols' names have no end")
        room -= end - start
        number = numbers[at] & _VERSION_MASK if at < len(numbers) else 0
        library, version = versions.get(number, (None, None))
        name = strings[start:end].decode("utf-8", "replace")
        found.append(Undefined(name=name, version=version, file=library))
    return tuple(found)


def _content(file: IO[bytes], section: Any, *, unit: int) -> bytes:
    """A table's bytes, a whole number of units; none of one that is absent or beyond all measure."""
    size = 0 if section is None else min(section["sh_size"], file.seek(0, os.SEEK_END))
    if not 0 < size <= _TABLE_LIMIT:
        return b""
    file.seek(section["sh_offset"])
    data = file.read(size)
    return data[: len(data) // unit * unit]


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
