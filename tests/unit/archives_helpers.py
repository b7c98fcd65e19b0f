"""Wheels, sdists and ELF files made by hand, sound ones and hostile ones."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING

from packaging.tags import Tag, parse_tag

from podwheel.model import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

NAME = "demo-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
DATE = (2020, 1, 2, 3, 4, 6)


def elf(*, kind: int = 3, machine: int = 62, symbols: Iterable[str] = ()) -> bytes:
    """An ELF header and a string table: enough for those who look no further."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", kind, machine)
    return head + bytes(44) + b"".join(b"\0" + s.encode() + b"\0" for s in symbols)


def wheel_file(name: str = "demo", version: str = "1.0") -> dict[str, bytes]:
    """The dist-info of a sound pure wheel."""
    top = f"{name}-{version}.dist-info"
    return {
        f"{top}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{top}/WHEEL": WHEEL,
    }


def record_of(files: Mapping[str, bytes], own: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(data)))
    writer.writerow((own, "", ""))
    return out.getvalue().encode()


def entry(name: str, *, mode: int = 0o644, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DATE)
    info.create_system = 3
    info.external_attr = (kind | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def make_wheel(
    directory: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    filename: str = NAME,
    metadata: bytes = METADATA,
    wheel: bytes = WHEEL,
    dist_info: str = "demo-1.0.dist-info",
    record: bytes | Callable[[bytes], bytes] | None = None,
    modes: Mapping[str, int] | None = None,
    extra: Iterable[tuple[zipfile.ZipInfo, bytes]] = (),
    drop: Iterable[str] = (),
) -> Path:
    """A wheel that is sound but for what the arguments say; *extra* members are not in RECORD."""
    content = dict({"demo/__init__.py": b"X = 1\n"} if files is None else files)
    content[f"{dist_info}/METADATA"] = metadata
    content[f"{dist_info}/WHEEL"] = wheel
    for name in drop:
        content.pop(name, None)
    own = f"{dist_info}/RECORD"
    rows = record_of(content, own)
    if callable(record):
        rows = record(rows)
    elif record is not None:
        rows = record
    path = directory / filename
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(entry(name, mode=(modes or {}).get(name, 0o644)), data)
        if own not in drop:
            archive.writestr(entry(own), rows)
        for info, data in extra:
            archive.writestr(info, data)
    return path


def make_tar(
    path: Path,
    members: Mapping[str, bytes],
    *,
    more: Iterable[tarfile.TarInfo] = (),
    mode: str = "w:gz",
) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return path


def python(**changes: object) -> Interpreter:
    """Debian 13's Python."""
    values: dict[str, object] = {
        "executable": "/usr/bin/python3.13",
        "version": "3.13.5",
        "implementation": "cpython",
        "markers": (
            ("implementation_name", "cpython"),
            ("platform_machine", "x86_64"),
            ("python_full_version", "3.13.5"),
            ("python_version", "3.13"),
            ("sys_platform", "linux"),
        ),
        "tags": (
            *(Tag("cp313", "cp313", p) for p in ("manylinux_2_41_x86_64", "linux_x86_64")),
            *parse_tag("py3-none-any"),
        ),
        "purelib": "lib/python3.13/site-packages",
        "platlib": "lib/python3.13/site-packages",
        "include": "include/site/python3.13",
        "libc": ("glibc", "2.41"),
        "machine": "x86_64",
        "ext_suffix": ".cpython-313-x86_64-linux-gnu.so",
    }
    return Interpreter(**(values | changes))  # type: ignore[arg-type]
