"""ELF files: what they need, which symbols they want; and files that lie about themselves."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from needed_helpers import shared_object

from podwheel.archives.elf import Undefined, glibc_version, inspect, is_for
from podwheel.errors import WheelRejected

VERSIONED = (
    ("SSL_new", "OPENSSL_3.0.0", "libssl.so.3"),
    ("memcpy", "GLIBC_2.14", "libc.so.6"),
    ("puts", "GLIBC_2.2.5", "libc.so.6"),
    ("PQconnectdb", None, None),
)


def look(data: bytes):  # type: ignore[no-untyped-def]
    return inspect(io.BytesIO(data), where="x.so")


def test_what_it_needs_and_which_symbols() -> None:
    data = shared_object(
        soname="libx.so.1",
        needed=("libssl.so.3", "libpq.so.5", "libc.so.6"),
        undefined=VERSIONED,
        defined=("own",),
    )
    found = look(data)
    assert found.soname == "libx.so.1"
    assert found.needed == ("libssl.so.3", "libpq.so.5", "libc.so.6")
    versions = [glibc_version(u.version) for u in found.undefined if u.version]
    assert max(filter(None, versions)) == (2, 14)
    assert found.undefined == tuple(Undefined(name=n, version=v, file=f) for n, v, f in VERSIONED)


def test_without_section_headers_the_dynamic_segment_is_read() -> None:
    found = look(shared_object(needed=("libpq.so.5",), undefined=VERSIONED, sections=False))
    assert found.needed == ("libpq.so.5",)
    assert found.undefined == ()


def test_the_interpreter_that_runs_this() -> None:
    with Path(sys.executable).resolve().open("rb") as file:
        found = inspect(file, where="python")
    symbols = {s.name: s for s in found.undefined}
    named = {file for s in found.undefined if (file := s.file)}
    assert symbols
    assert all(s.version is None or s.file for s in found.undefined)
    assert named <= set(found.needed)


@pytest.mark.parametrize(
    ("number", "machine", "same"),
    [(62, "x86_64", True), (183, "aarch64", True), (183, "x86_64", False), (9999, "x86_64", False)],
)
def test_machines(number: int, machine: str, same: bool) -> None:
    assert is_for(number, machine) is same


@pytest.mark.parametrize(
    ("name", "version"),
    [("GLIBC_2.34", (2, 34)), ("GLIBC_2.2.5", (2, 2)), ("GLIBCXX_3.4", None), ("GLIBC_PRIVATE", None)],
)  # fmt: skip
def test_versions_of_the_c_library(name: str, version: tuple[int, int] | None) -> None:
    assert glibc_version(name) == version


# ------------------------------------------------------------ hostile files


def _patched(data: bytes, at: int, layout: str, *values: int) -> bytes:
    new = struct.pack(layout, *values)
    return data[:at] + new + data[at + len(new) :]


def _section(data: bytes, number: int) -> int:
    return int(struct.unpack_from("<Q", data, 40)[0]) + 64 * number


SOUND = shared_object(needed=("libpq.so.5",), undefined=VERSIONED)
NUMBER_OF_SECTIONS, SIZE, COUNT = 60, 32, 44


@pytest.mark.parametrize(
    "data",
    [
        # Endless: 2^62 sections, at one place each.
        _patched(
            _patched(SOUND, 58, "<HH", 0, 0), _section(SOUND, 0) + SIZE, "<Q", 1 << 62
        ),
        # A version list of 2^32 - 1 libraries that leads back to itself.
        _patched(
            _patched(SOUND, _section(SOUND, 3) + COUNT, "<I", 0xFFFFFFFF),
            int(struct.unpack_from("<Q", SOUND, _section(SOUND, 3) + 24)[0]),
            "<HHIII", 1, 1, 1, 16, 0,
        ),
        SOUND[: len(SOUND) // 2],
        b"\x7fELF" + b"\xff" * 200,
        SOUND[:30],
        b"",
    ],
    ids=["sections", "versions", "cut", "noise", "head", "empty"],
)  # fmt: skip
def test_damaged_and_endless_files_are_refused(data: bytes) -> None:
    with pytest.raises(WheelRejected, match=r"x\.so is a damaged ELF file"):
        look(data)


def test_a_table_beyond_the_file_ends_with_the_file() -> None:
    data = _patched(SOUND, _section(SOUND, 2) + SIZE, "<Q", 1 << 40)
    assert [s.name for s in look(data).undefined] == [name for name, _, _ in VERSIONED]


def test_names_without_an_end_are_refused() -> None:
    symbols = int(struct.unpack_from("<Q", SOUND, _section(SOUND, 1) + 24)[0])
    strings = _section(SOUND, 4)
    short = _patched(SOUND, strings + SIZE, "<Q", 8)
    with pytest.raises(WheelRejected, match="no end"):
        look(_patched(short, symbols + 24, "<I", 7))
