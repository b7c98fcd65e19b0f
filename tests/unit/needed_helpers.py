"""ELF files with symbols and versions, made by hand; a distribution's index of files that is a dict."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIPLET = "x86_64-linux-gnu"

_DYNAMIC, _STRTAB, _DYNSYM, _VERNEED, _VERSYM = 6, 3, 11, 0x6FFFFFFE, 0x6FFFFFFF


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def shared_object(
    *,
    machine: int = 62,
    soname: str | None = None,
    needed: Sequence[str] = (),
    undefined: Sequence[tuple[str, str | None, str | None]] = (),
    defined: Sequence[str] = (),
    sections: bool = True,
) -> bytes:
    """A little-endian 64-bit shared object.

    Args:
        undefined: Symbols: name, version, and the library that has the version.
        sections: Whether it has section headers.
    """
    strings = _Strings()
    tags = [(1, strings.add(name)) for name in needed]
    tags += [(14, strings.add(soname))] if soname else []
    numbers = {
        pair: at for at, pair in enumerate(sorted({(f, v) for _, v, f in undefined if f and v}), 2)
    }
    symbols, versym = bytes(24), struct.pack("<H", 0)
    for name, version, file in undefined:
        symbols += struct.pack("<IBBHQQ", strings.add(name), 0x12, 0, 0, 0, 0)
        versym += struct.pack("<H", numbers.get((file, version), 1))  # type: ignore[arg-type]
    for name in defined:
        symbols += struct.pack("<IBBHQQ", strings.add(name), 0x12, 0, 7, 0x1000, 8)
        versym += struct.pack("<H", 1)
    verneed = _verneed(numbers, strings)
    base = 64 + 2 * 56
    tables = [symbols, versym, verneed, strings.data]
    offsets = [base + sum(map(len, tables[:n])) for n in range(len(tables))]
    dynamic = b"".join(
        struct.pack("<QQ", *tag)
        for tag in [*tags, (5, offsets[3]), (10, len(strings.data)), (0, 0)]
    )
    at = base + sum(map(len, tables))
    headers = [
        (0, 0, 0, 0, 0),
        (_DYNSYM, offsets[0], len(symbols), 4, 24),
        (_VERSYM, offsets[1], len(versym), 1, 2),
        (_VERNEED, offsets[2], len(verneed), 4, 0),
        (_STRTAB, offsets[3], len(strings.data), 0, 0),
        (_DYNAMIC, at, len(dynamic), 4, 16),
    ]
    end = at + len(dynamic)
    program = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, end, end, 4096)
    program += struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(dynamic), len(dynamic), 8)
    table = b"".join(
        struct.pack("<IIQQQQIIQQ", 0, kind, 0, offset, offset, size, link, len({f for f, _ in numbers}), 1, entry)
        for kind, offset, size, link, entry in headers
    )  # fmt: skip
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    shape = (end, len(headers), 4) if sections else (0, 0, 0)
    head += struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, shape[0], 0, 64, 56, 2, 64, shape[1], shape[2]
    )
    return head + program + b"".join(tables) + dynamic + (table if sections else b"")


def _verneed(numbers: dict[tuple[str, str], int], strings: _Strings) -> bytes:
    files = sorted({file for file, _ in numbers})
    data = b""
    for file in files:
        versions = sorted((v, n) for (f, v), n in numbers.items() if f == file)
        following = 16 + 16 * len(versions) if file != files[-1] else 0
        data += struct.pack("<HHIII", 1, len(versions), strings.add(file), 16, following)
        for version, number in versions:
            more = 16 if (version, number) != versions[-1] else 0
            data += struct.pack("<IHHII", 0, 0, number, strings.add(version), more)
    return data


@frozen(kw_only=True)
class Entry:
    path: str
    packages: tuple[str, ...]


@frozen(kw_only=True)
class Package:
    version: str


@frozen
class FakeFiles:
    """What `packages_for` and `loaded_package` ask of a FileIndex."""

    paths: dict[str, tuple[str, ...]]
    """Path → packages."""
    depended: dict[str, int] = field(factory=dict)
    triplet: str = TRIPLET

    def named(self, basename: str) -> tuple[Entry, ...]:
        return tuple(e for e in self._entries() if e.path.rpartition("/")[2] == basename)

    def starting(self, prefix: str, *, most: int = 1000) -> tuple[Entry, ...]:
        found = [e for e in self._entries() if e.path.rpartition("/")[2].startswith(prefix)]
        return tuple(found[:most])

    def package(self, name: str) -> Package | None:
        known = {p for packages in self.paths.values() for p in packages}
        return Package(version=f"{name}-version") if name in known else None

    def is_development(self, name: str) -> bool:
        return name.endswith("-dev")

    def dependents(self, name: str) -> int:
        return self.depended.get(name, 0)

    def _entries(self) -> list[Entry]:
        return [Entry(path=path, packages=packages) for path, packages in self.paths.items()]
